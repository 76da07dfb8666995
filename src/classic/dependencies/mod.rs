//! `{ dependencies: true }`: a runtime follows the files that its hot modules require plainly, so that saves of these
//! files update the hot modules.
//!
//! | file | what it does |
//! |---|---|
//! | `mod.rs` | the option |
//! | `known.rs` | what is known per runtime |
//! | `packages.rs` | which files are followed |
//! | `records.rs` | walks over Node's module records to build the graph |
//! | `listening.rs` | notices requires that followed modules make later |
//! | `loader.rs` | finds imports that the records of a loader do not show |
//! | `evaluation.rs`, `evaluation/` | observes evaluations: what files look like before they are read, which files are missing |
//! | `links.rs` | symbolic links that lead to followed files |
//! | `stand_in.rs` | replaces a function of Node's for a while |
//! | `watches.rs` | the watches of followed files |
//! | `gathering.rs` | gathers `update` events into one batch per turn |
//! | `batch.rs` | updates one batch: evicts, loads the users, restores what failed |
//! | `mending.rs` | which files may mend a version that could not be loaded |
//! | `leftovers.rs` | changed modules in the cache that nobody follows |
//! | `hint.rs` | without the option: the hint that there is one |
//!
//! Native code keeps only paths and ids. It looks up a module record in `require.cache` whenever it needs one.
mod batch;
mod evaluation;
mod gathering;
mod hint;
pub mod known;
mod leftovers;
mod links;
mod listening;
mod loader;
mod mending;
mod packages;
mod records;
mod stand_in;
mod watches;

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::calling::Module;
use super::engine_require;
use super::record::Record;
use super::registry::require_of;
use super::registry::{self, Registry};
use super::runtimes;
use super::switches::Switches;
use crate::error::HmrError;
use crate::files::options;
use crate::js::{Call, Js, JsResult, PlainState, Value};
use crate::report;

pub use batch::{Loaded, load_again};
pub use evaluation::{note_begun, note_loaded};
pub use gathering::{take_over, users_of_file};
use known::{Dependencies, Reaction, user_name};
pub use mending::files_named;
pub use packages::package_type;
pub use records::notice;

/// What is under way in one environment, for all its runtimes.
#[derive(Default)]
struct Turn {
    /// Whether a batch will run when the events of this turn have come.
    is_batch_due: Cell<bool>,
    /// Set while the user's `ignored` runs, so that a `require` inside it starts no nested walk.
    is_asking: Cell<bool>,
}

impl PlainState for Turn {}

/// Checks `{ dependencies?: boolean | { ignored? } }`, the third argument of a runtime.
///
/// # Errors
/// A `TypeError` that names the option.
pub fn check<'s>(callee: &str, given: Value<'s>) -> JsResult<'s, ()> {
    if given.is_nullish() {
        return Ok(());
    }
    if !given.is_object() {
        let expected = "an object `{ dependencies? }`, or left out";
        return Err(HmrError::argument(callee, "options", expected, given).thrown(given.js()));
    }
    let dependencies = given.get("dependencies")?;
    if dependencies.is_object() {
        options::check_ignored(callee, "options.dependencies.ignored", dependencies)?;
    }
    Ok(())
}

/// Sets up a new runtime to follow dependencies, if the checked option asks for it; without the option, if the runtime's
/// `require` is our engine's or the global switch is on.
pub fn attach<'s>(runtime: Value<'s>, given: Value<'s>) -> JsResult<'s, ()> {
    let js = runtime.js();
    let mut dependencies = if given.is_object() {
        given.get("dependencies")?
    } else {
        js.undefined()
    };
    if dependencies.is_nullish() && engine_require::is_of_engine(require_of(runtime)?) {
        dependencies = js.boolean(true);
    }
    if dependencies.is_nullish() {
        dependencies = js.boolean(js.state::<Switches>()?.dependencies_followed.get());
    }
    if !dependencies.truthy() {
        return Ok(());
    }
    let (registry, object) = registry::of(runtime, "HMRRuntime")?;
    object.set("dependencyOptions", options::kept(dependencies)?)?;
    object.set("dependencyWatches", js.map()?)?;
    *registry.dependencies.borrow_mut() = Some(Rc::new(Dependencies::new(Reaction::Follow)));
    Ok(())
}

/// A runtime that follows dependencies, or mentions their changes.
struct Host<'s> {
    /// The right to use JavaScript.
    js: Js<'s>,
    /// The `HMRRuntime`.
    runtime: Value<'s>,
    /// The runtime's `require`.
    require: Value<'s>,
    /// The runtime's records.
    registry: Rc<Registry>,
    /// The JavaScript object that owns the registry.
    object: Value<'s>,
    /// What the runtime knows of its dependencies.
    known: Rc<Dependencies>,
}

impl<'s> Host<'s> {
    /// The host of a runtime; `None` if it neither follows nor mentions dependencies.
    fn of(runtime: Value<'s>) -> JsResult<'s, Option<Self>> {
        Self::with_registry(runtime, &registry::of(runtime, "HMRRuntime")?.0)
    }

    /// As [`Host::of`], for a caller that has the runtime's registry.
    fn with_registry(runtime: Value<'s>, registry: &Rc<Registry>) -> JsResult<'s, Option<Self>> {
        let known = registry.dependencies.borrow().clone();
        let Some(known) = known else { return Ok(None) };
        let js = runtime.js();
        Ok(Some(Self {
            js,
            runtime,
            require: require_of(runtime)?,
            registry: Rc::clone(registry),
            object: registry.object(js),
            known,
        }))
    }

    /// The hosts of all runtimes that have modules.
    fn all(js: Js<'s>) -> JsResult<'s, Vec<Self>> {
        let mut hosts = Vec::new();
        for (runtime, registry) in runtimes::live(js) {
            hosts.extend(Self::with_registry(runtime, &registry)?);
        }
        Ok(hosts)
    }

    /// The folder within which the dependencies of a hot module are followed.
    fn home(&self, record: &Record) -> PathBuf {
        let path = record.resolved.borrow();
        if let Some(home) = self.known.packages.borrow_mut().home(Path::new(path.as_str())) {
            return home;
        }
        let folder = self
            .require
            .get("resolve")
            .and_then(|resolve| resolve.call_method("paths", &[self.js.string("./")]))
            .and_then(Value::items)
            .ok();
        folder
            .and_then(|folders| folders.first()?.text())
            .map_or_else(|| std::env::current_dir().unwrap_or_default(), PathBuf::from)
    }
}

/// Runs `evaluate`, which evaluates a hot module's file; if the runtime follows dependencies, observes the evaluation.
pub fn evaluate<'s, T>(
    require: Value<'s>,
    registry: &Registry,
    path: &str,
    evaluate: impl FnOnce() -> JsResult<'s, T>,
) -> JsResult<'s, T> {
    let follows = |known: &Rc<Dependencies>| known.reaction == Reaction::Follow;
    if registry.dependencies.borrow().as_ref().is_some_and(follows) {
        // A `require.cache` that throws belongs to the user.
        let _ = leftovers::evict_outdated(require, registry);
        evaluation::evaluate(require.js(), path, evaluate)
    } else {
        evaluate()
    }
}

/// Follows what a module reaches, after a version of it was evaluated or its watch began again.
pub fn follow<'s>(js: Js<'s>, module: &Module) -> JsResult<'s, ()> {
    let runtime = module.runtime.get(js);
    if !module.record.is_watched.get() || !module.record.is_alive.get() {
        return Ok(());
    }
    cut_from_others(js, &module.record)?;
    hint::start_if_asked(runtime, &module.registry)?;
    let Some(host) = Host::with_registry(runtime, &module.registry)? else {
        return Ok(());
    };
    let (_, found) = records::walk_from(&host, &module.record)?;
    host.let_go();
    host.watch_all(&found);
    Ok(())
}

/// Makes a new hot module a boundary in the graphs of all runtimes.
fn cut_from_others<'s>(js: Js<'s>, record: &Record) -> JsResult<'s, ()> {
    for host in Host::all(js)? {
        let is_known = {
            let mut graph = host.known.graph.borrow_mut();
            let is_known = graph.find(&record.resolved.borrow()).is_some();
            graph.cut(&record.resolved.borrow());
            is_known
        };
        if is_known {
            host.let_go();
        }
    }
    Ok(())
}

/// Lets go of what only this module reached, as the module is no longer watched.
pub fn release(js: Js<'_>, runtime: Value<'_>, record: &Record) {
    let released = Host::of(runtime).and_then(|host| {
        if let Some(host) = host {
            host.known.graph.borrow_mut().remove(&user_name(record));
            host.known.forget_trouble(record);
            host.forget_awaited_by(&record.resolved.borrow());
            host.let_go();
        }
        if record.is_alive.get() {
            return Ok(());
        }
        // The module is no boundary any more, so modules that require it plainly now reach what it requires.
        for host in Host::all(js)? {
            records::walk_anew(&host)?;
        }
        Ok(())
    });
    if let Err(thrown) = released {
        report::error(js, &record.id, "its dependencies could not be let go", thrown.0);
    }
}

/// `runtime.dependencies(id)`: the resolved paths of the files that are followed for a module, nearest first.
pub fn dependencies<'s>(call: &Call<'s>) -> JsResult<'s> {
    let js = call.js;
    let (registry, _) = registry::of(call.this, "HMRRuntime.dependencies")?;
    let Some(id) = call.arg(0).text() else {
        let expected = "a string: the id that was imported";
        return Err(HmrError::argument("HMRRuntime.dependencies", "id", expected, call.arg(0)).thrown(js));
    };
    let (Some(host), Some(record)) = (Host::of(call.this)?, registry.find(&id)) else {
        return Ok(js.array(&[]));
    };
    if host.known.reaction == Reaction::Mention {
        return Ok(js.array(&[]));
    }
    let (user, found) = records::walk_from(&host, &record)?;
    if record.is_watched.get() {
        host.watch_all(&found);
    }
    let graph = host.known.graph.borrow();
    let paths = graph.reached_by(user).into_iter();
    let paths: Vec<_> = paths.map(|node| js.string(&graph.name(node))).collect();
    drop(graph);
    if !record.is_watched.get() {
        host.known.graph.borrow_mut().remove(&user_name(&record));
        host.let_go();
    }
    Ok(js.array(&paths))
}
