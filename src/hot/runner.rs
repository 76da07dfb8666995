//! The trait by which updates ask for modules: they know neither files nor V8.

use std::any::Any;
use std::pin::Pin;
use std::rc::Rc;

use super::version::{Version, WatchRequest};
use crate::graph::hot::{ModuleId, Staged};
use crate::js::{Cx, Held, Js, JsResult, Value};

/// Loads, links and evaluates modules.
pub trait Runner {
    /// URL of the target of a module's specifier, if the specifier leads somewhere.
    fn resolve(&self, js: Js<'_>, from: ModuleId, specifier: &str) -> Option<String>;

    /// A version asks to watch something.
    fn watch(&self, js: Js<'_>, version: &Rc<Version>, request: &Rc<WatchRequest>);

    /// The modules among these whose files have other content than what runs. Missing files count.
    fn differing(&self, js: Js<'_>, modules: &[ModuleId]) -> Vec<ModuleId>;

    /// Whether the running version has the content that was last read of its file.
    fn is_current(&self, id: ModuleId) -> bool;

    /// The roots: the entries, and the modules that code outside of the program imports.
    fn roots(&self) -> Vec<ModuleId>;

    /// The modules that runtimes of the classic API keep up to date.
    fn held(&self) -> Vec<ModuleId> {
        Vec::new()
    }

    /// Lets the runtimes take the new versions of their modules. Brings the error of a runtime that could not take one.
    fn update_runtimes(
        &self,
        _cx: &Cx,
        _modules: &[ModuleId],
    ) -> Pin<Box<dyn Future<Output = Option<Held>>>> {
        Box::pin(async { None })
    }

    /// Reads the changed files, compiles and links new versions. The running versions are not touched.
    ///
    /// # Errors
    /// What is wrong with a file, an import or a name.
    fn prepare<'s>(&self, js: Js<'s>, want: &Want, changed: &[ModuleId]) -> JsResult<'s, Prepared>;

    /// Calls `body` on behalf of a version: what `body` starts belongs to that version.
    ///
    /// # Errors
    /// What `body` throws.
    fn run_as<'s>(
        &self,
        js: Js<'s>,
        version: &Version,
        body: &mut dyn FnMut() -> JsResult<'s>,
    ) -> JsResult<'s>;

    /// Links new instances of the code that ran last without an error.
    ///
    /// # Errors
    /// When it cannot be linked any more.
    fn last_good<'s>(&self, js: Js<'s>, modules: &[ModuleId]) -> JsResult<'s, Prepared>;

    /// Tells that the running versions of `replaced` are about to be replaced by the prepared ones, and `pruned` probably to
    /// be pruned. Their disposers have not run yet.
    fn begins(&self, _js: Js<'_>, _prepared: &Prepared, _replaced: &[ModuleId], _pruned: &[ModuleId]) {}

    /// Tells that an update has ended: the prepared versions run, or they failed or were superseded and the old ones go on.
    fn ends(&self, _js: Js<'_>, _prepared: &Prepared, _has_succeeded: bool) {}

    /// Evaluates the prepared versions in `evaluation`'s order, each unless importing it has evaluated it already. Code
    /// without top-level await has run after the first poll.
    fn evaluate(&self, cx: &Cx, prepared: &Prepared, evaluation: &Evaluation) -> Evaluating;

    /// The new versions that have run, in the order in which they ended. `require()` and `import()` decide this order only
    /// during the evaluation.
    fn evaluated(&self, prepared: &Prepared) -> Vec<ModuleId>;

    /// Whether this error says that an exporter lacks a name that an importer asks for.
    fn lacks_name(&self, js: Js<'_>, thrown: Value<'_>) -> bool;

    /// Whether this error stands for an exit of a version that has not come up.
    fn is_exit(&self, js: Js<'_>, thrown: Value<'_>) -> bool;

    /// Whether the running version of this file has the content that the file holds now.
    fn runs_what_is_saved(&self, path: &str) -> bool;

    /// How users write `hot` in this module.
    fn name_of_hot(&self, id: ModuleId) -> &'static str;

    /// Makes the new versions the running ones: from now on all importers' bindings lead to them. Returns the imports that
    /// are known only after evaluation.
    ///
    /// # Errors
    /// When linking finds that CommonJS or a package lacks a name.
    fn commit<'s>(&self, js: Js<'s>, prepared: &Prepared) -> JsResult<'s, Staged>;

    /// Drops the new versions, which failed or were superseded.
    fn discard(&self, js: Js<'_>, prepared: &Prepared);

    /// The namespace of the running version.
    ///
    /// # Errors
    /// What making it throws.
    fn namespace<'s>(&self, js: Js<'s>, id: ModuleId) -> JsResult<'s>;

    /// Forgets a module that nobody imports any more.
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

    /// Emits an event of `updates`.
    fn tell(&self, js: Js<'_>, told: &Told);

    /// Emits what `hot.send` was given on `updates`.
    fn sent(&self, js: Js<'_>, event: &str, data: Value<'_>);
}

/// A running evaluation. Its error is the one that a module threw.
pub type Evaluating = Pin<Box<dyn Future<Output = Result<(), Held>>>>;

/// The modules that new versions are made of.
pub enum Want {
    /// These modules, and new ones that they import.
    Modules(Vec<ModuleId>),
    /// The whole program.
    Everything,
}

/// New versions, linked and not evaluated.
pub struct Prepared {
    /// Imports of the new versions, by module.
    pub edges: Staged,
    /// The runner's own data.
    pub kept: Rc<dyn Any>,
}

/// The versions to evaluate.
pub struct Evaluation {
    /// The modules to begin with, in this order. Their static imports are evaluated before them.
    pub order: Vec<ModuleId>,
    /// Versions of all modules that may be evaluated.
    pub versions: Vec<Rc<Version>>,
    /// Whether the whole program is evaluated again.
    pub is_reload: bool,
}

/// A change that no module can take.
pub struct Restart {
    /// The changed files, in words, then the module that declined, if one has.
    pub way: Vec<String>,
    /// The reason, in words; may be empty.
    pub why: String,
}

/// One event of `updates`.
pub struct Told {
    /// Name of the event: `updated`, `reloaded` or `failed`.
    pub outcome: &'static str,
    /// The files that changed.
    pub files: Vec<String>,
    /// The modules that were evaluated.
    pub modules: Vec<String>,
    /// The modules that accepted.
    pub acceptors: Vec<String>,
    /// The modules from the first changed file to its acceptor, or to the entry.
    pub way: Vec<String>,
    /// Duration of the update in milliseconds.
    pub duration: f64,
    /// The error, of a failed update.
    pub error: Option<Held>,
}
