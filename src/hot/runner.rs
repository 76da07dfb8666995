//! What an update needs to know and to have done, by whoever loads modules.

use std::any::Any;
use std::pin::Pin;
use std::rc::Rc;

use super::version::{Version, WatchWish};
use crate::graph::hot::{ModuleId, Staged};
use crate::js::{Cx, Held, Js, JsResult, Value};

/// Loads, links and evaluates modules.
pub trait Runner {
    /// The URL that a specifier in a module leads to, if it leads anywhere.
    fn resolve(&self, js: Js<'_>, from: ModuleId, specifier: &str) -> Option<String>;

    /// A version asks to watch something.
    fn watch(&self, js: Js<'_>, version: &Rc<Version>, wish: &Rc<WatchWish>);

    /// Those of these modules whose files have other content than what runs, missing files included.
    fn differing(&self, js: Js<'_>, modules: &[ModuleId]) -> Vec<ModuleId>;

    /// Whether what runs is the content that the file has, as it was read last.
    fn is_current(&self, id: ModuleId) -> bool;

    /// The entries, and what is imported from outside of the hot modules.
    fn roots(&self) -> Vec<ModuleId>;

    /// The modules that runtimes of the classic API keep up to date.
    fn held(&self) -> Vec<ModuleId> {
        Vec::new()
    }

    /// New versions of such modules run: their runtimes take them. Gives what a runtime could not take them for.
    fn update_runtimes(
        &self,
        _cx: &Cx,
        _modules: &[ModuleId],
    ) -> Pin<Box<dyn Future<Output = Option<Held>>>> {
        Box::pin(async { None })
    }

    /// Reads what changed, compiles and links new versions. Nothing that runs is touched.
    ///
    /// # Errors
    /// What is wrong with a file, an import or a name.
    fn prepare<'s>(&self, js: Js<'s>, want: &Want, changed: &[ModuleId]) -> JsResult<'s, Prepared>;

    /// Calls something on behalf of a version: what it starts is that version's.
    ///
    /// # Errors
    /// What `body` throws.
    fn run_as<'s>(
        &self,
        js: Js<'s>,
        version: &Version,
        body: &mut dyn FnMut() -> JsResult<'s>,
    ) -> JsResult<'s>;

    /// New instances of the code that ran last without an error, likewise.
    ///
    /// # Errors
    /// When it cannot be linked any more.
    fn last_good<'s>(&self, js: Js<'s>, modules: &[ModuleId]) -> JsResult<'s, Prepared>;

    /// These modules' running versions are about to be replaced by what is prepared, and these, it seems, to be pruned; their
    /// disposers have not run yet.
    fn begins(&self, _js: Js<'_>, _prepared: &Prepared, _replaced: &[ModuleId], _pruned: &[ModuleId]) {}

    /// What is prepared runs, or has failed or was superseded, and the old versions go on.
    fn ends(&self, _js: Js<'_>, _prepared: &Prepared, _has_succeeded: bool) {}

    /// Evaluates new versions from these entrances on, each unless another one's evaluation has done so. What waits for nothing has
    /// run when this was polled once.
    fn evaluate(&self, cx: &Cx, prepared: &Prepared, evaluation: &Evaluation) -> Evaluating;

    /// What of the new versions has run, in the order in which it ended: what `require()` and `import()` ask for is not known
    /// before.
    fn evaluated(&self, prepared: &Prepared) -> Vec<ModuleId>;

    /// Whether this was thrown since an exporter lacks a name that an importer asks for.
    fn lacks_name(&self, js: Js<'_>, thrown: Value<'_>) -> bool;

    /// Whether what runs of this file is what it holds now.
    fn runs_what_is_saved(&self, path: &str) -> bool;

    /// How users write `hot` in this module.
    fn name_of_hot(&self, id: ModuleId) -> &'static str;

    /// The new versions are the ones that run: all importers' bindings lead to them from now on. Gives the imports that
    /// are known only after evaluation.
    ///
    /// # Errors
    /// When linking finds that CommonJS or a package lacks a name.
    fn commit<'s>(&self, js: Js<'s>, prepared: &Prepared) -> JsResult<'s, Staged>;

    /// The new versions failed or were superseded: they are never heard of again.
    fn discard(&self, js: Js<'_>, prepared: &Prepared);

    /// The namespace of the running version.
    ///
    /// # Errors
    /// What making it throws.
    fn namespace<'s>(&self, js: Js<'s>, id: ModuleId) -> JsResult<'s>;

    /// Nobody imports the module any more.
    fn forget(&self, js: Js<'_>, id: ModuleId);

    /// Whether a restart takes the place of every reload.
    fn never_reloads(&self, _js: Js<'_>) -> bool {
        false
    }

    /// Whether this version stays until the process is started again, since others take the change: the text for the log.
    fn left_to_others(&self, _js: Js<'_>) -> Option<&'static str> {
        None
    }

    /// Whether the process can be restarted from within.
    fn can_restart(&self, _js: Js<'_>) -> bool {
        false
    }

    /// Restarts the process, or says that it has to be.
    fn restart(&self, js: Js<'_>, restart: &Restart);

    /// Something happened that `updates` emits.
    fn tell(&self, js: Js<'_>, told: &Told);

    /// `hot.send`, for `updates`.
    fn sent(&self, js: Js<'_>, event: &str, data: Value<'_>);
}

/// An evaluation: fails with what a module threw.
pub type Evaluating = Pin<Box<dyn Future<Output = Result<(), Held>>>>;

/// Which new versions.
pub enum Want {
    /// Of these modules, and of new ones that they import.
    Modules(Vec<ModuleId>),
    /// Of the whole program.
    Everything,
}

/// New versions, linked and not evaluated.
pub struct Prepared {
    /// What they import. Only of modules whose imports are not known otherwise.
    pub edges: Staged,
    /// What the runner keeps.
    pub kept: Rc<dyn Any>,
}

/// What is evaluated.
pub struct Evaluation {
    /// Where to begin, in this order: what these import statically comes before them.
    pub order: Vec<ModuleId>,
    /// The versions of all modules that may be evaluated.
    pub versions: Vec<Rc<Version>>,
    /// The whole program is evaluated again.
    pub is_reload: bool,
}

/// A change that no module can take.
pub struct Restart {
    /// The files that changed, in words, and the module that declined, if one has.
    pub way: Vec<String>,
    /// Why, in words; may be empty.
    pub why: String,
}

/// What `updates` tells.
pub struct Told {
    /// `updated`, `reloaded` or `failed`: the name of the event, too.
    pub outcome: &'static str,
    /// The files that changed.
    pub files: Vec<String>,
    /// The modules that were evaluated.
    pub modules: Vec<String>,
    /// The modules that accepted.
    pub acceptors: Vec<String>,
    /// From the first file to its acceptor, or to the entry.
    pub way: Vec<String>,
    /// Milliseconds.
    pub duration: f64,
    /// What was thrown.
    pub error: Option<Held>,
}
