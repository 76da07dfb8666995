//! `createRuntime(import.meta)`: makes a `require` by which the engine resolves ids relative to a file and evaluates ES
//! modules, TypeScript and CommonJS.
//!
//! Its `cache` is Node's own, in which the engine keeps records of ES modules too (`es/mirror.rs`), so a runtime evicts and
//! follows them as it does all others. The `require` is synchronous: if a module has a top-level await, it begins the
//! evaluation and throws; [`evaluated_meanwhile`] waits for the end, and the next call returns the result.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use super::calling::Module;
use super::dependencies;
use super::hot_module::take as take_hot;
use super::registry::require_of;
use crate::es::resolve::url::FileUrl;
use crate::es::resolve::{Mode, ResolveError, Resolved, Resolver};
use crate::es::{self, Engine, ModuleId, Stage, Version};
use crate::js::{Call, Cx, Held, Js, JsResult, State, Thrown, Value, spawn};

/// The key of the symbol that marks such a `require`; the value of the property is the function's number.
const MARK: &str = "@upvotr/node-hmr engine";

/// An evaluation that waits for a top-level await, or has ended and its result was not taken.
struct Pending {
    /// The new versions that are being evaluated.
    stage: Rc<Stage>,
    /// The module that was asked for.
    module: ModuleId,
    /// A promise that fulfills when the evaluation has ended; it never rejects.
    ended: RefCell<Option<Held>>,
    /// The result, once the evaluation has ended.
    result: RefCell<Option<Result<(), Held>>>,
}

/// How a `require` of ours resolves its ids.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ids {
    /// Like an import in the file.
    Imports,
    /// As paths, even if a package has that name.
    Paths,
}

/// What the `require`s of one environment share.
#[derive(Default)]
struct Evaluations {
    /// The evaluations that have to wait, by the number of the function and the path.
    pending: RefCell<HashMap<(u32, String), Rc<Pending>>>,
    /// How many functions were made.
    made: Cell<u32>,
    /// The paths of modules that have run already: the next `require` of one returns it as it is, once.
    ran: RefCell<HashSet<String>>,
}

impl State for Evaluations {
    fn make(_: Js<'_>) -> JsResult<'_, Self> {
        Ok(Self::default())
    }

    fn close(&self) {
        self.pending.take();
    }
}

/// Makes a `require` if a runtime was given `import.meta`, its `url` or an absolute path in its place. Any other value is
/// returned as it is.
pub fn take(given: Value<'_>) -> JsResult<'_> {
    match file_of(given)? {
        Some(file) => make(given.js(), &file, Ids::Imports),
        None => Ok(given),
    }
}

fn file_of(given: Value<'_>) -> JsResult<'_, Option<PathBuf>> {
    let text = match given.text() {
        Some(text) => text,
        None if given.is_object() && !given.is_function() => {
            let address = given.get("href")?.text();
            match address.map_or_else(|| Ok(given.get("url")?.text()), |address| Ok(Some(address)))? {
                Some(url) if url.starts_with("file:") => url,
                _ => return Ok(None),
            }
        }
        None => return Ok(None),
    };
    if text.starts_with("file:") {
        return Ok(FileUrl::parse(&text).ok().map(|url| url.path));
    }
    Ok(Some(PathBuf::from(text)).filter(|path| path.is_absolute()))
}

/// Whether a `require` was made by this file.
pub fn is_of_engine(require: Value<'_>) -> bool {
    number_of(require).is_some()
}

fn number_of(require: Value<'_>) -> Option<u32> {
    let mark = require.js().symbol_for(MARK).ok()?;
    let number = require.is_function().then(|| require.get_key(mark).ok())??;
    number.as_whole()
}

/// Makes the `require` for the runtime that takes over the program's entry. Its ids are paths relative to the working
/// directory, as the user typed them. The entry, at `path`, has run.
pub fn for_entry<'s>(js: Js<'s>, folder: &Path, path: &str) -> JsResult<'s> {
    gets_as_it_is(js, path)?;
    make(js, &folder.join("index.js"), Ids::Paths)
}

/// Notes that the module at this path has run, so that the next `require` returns it as it is, once.
pub fn gets_as_it_is<'s>(js: Js<'s>, path: &str) -> JsResult<'s, ()> {
    js.state::<Evaluations>()?
        .ran
        .borrow_mut()
        .insert(path.to_owned());
    Ok(())
}

fn make<'s>(js: Js<'s>, file: &Path, ids: Ids) -> JsResult<'s> {
    let engine = Engine::of(js)?;
    engine.hook_require(js)?;
    engine.set_on_import(note_import);
    let evaluations = js.state::<Evaluations>()?;
    let number = evaluations.made.get() + 1;
    evaluations.made.set(number);
    let file: Arc<Path> = file.canonicalize().unwrap_or_else(|_| file.to_owned()).into();

    let (from, also_from) = (Arc::clone(&file), Arc::clone(&file));
    let resolve = js.function("resolve", 1, move |call| {
        let id = text_of(call)?;
        Ok(call
            .js
            .string(&found(call.js, &id, &from, ids)?.to_string_lossy()))
    })?;
    let paths = js.function("paths", 1, move |call| paths(call, &also_from, ids))?;
    resolve.set("paths", paths)?;
    let require = js.function("require", 1, move |call| {
        let id = text_of(call)?;
        if Path::new(&id).is_absolute() {
            return load_file(call.js, number, &id);
        }
        let path = found(call.js, &id, &file, ids)?;
        load_file(call.js, number, &path.to_string_lossy())
    })?;
    require.set("resolve", resolve)?;
    let module = js.builtin("module")?;
    require.set("cache", module.get("_cache")?)?;
    require.set("extensions", module.get("_extensions")?)?;
    require.set("main", js.global()?.get("process")?.get("mainModule")?)?;
    require.define_hidden(js.symbol_for(MARK)?, js.number(f64::from(number)))?;
    Ok(require)
}

fn text_of<'s>(call: &Call<'s>) -> JsResult<'s, String> {
    let text = call.arg(0).text();
    text.ok_or_else(|| {
        call.js
            .error("TypeError", "The \"id\" argument must be of type string.")
    })
}

/// The path that an id leads to now.
fn found<'s>(js: Js<'s>, id: &str, file: &Path, ids: Ids) -> JsResult<'s, PathBuf> {
    let engine = Engine::of(js)?;
    let resolver = Arc::clone(&engine.sources().resolver);
    // A file that was found before may be gone, and a link may lead elsewhere.
    resolver.forget(&[PathBuf::from("/")]);
    let target = resolve(&resolver, id, file, ids).map_err(|error| engine.resolve_error(js, &error))?;
    match target {
        Resolved::File { path, .. } => Ok(path),
        Resolved::Builtin(name) | Resolved::Other(name) => Ok(PathBuf::from(name)),
    }
}

fn resolve(resolver: &Resolver, id: &str, file: &Path, ids: Ids) -> Result<Resolved, ResolveError> {
    if ids == Ids::Paths {
        return resolver.entry(&file.with_file_name(id));
    }
    let by_path = || resolver.resolve(id, file, Mode::Require);
    if Path::new(id).is_absolute() {
        return by_path();
    }
    let imported = resolver.resolve(id, file, Mode::Import);
    imported.or_else(|error| {
        if id.starts_with('.') {
            by_path().map_err(|_| error)
        } else {
            Err(error)
        }
    })
}

/// The body of `require.resolve.paths(id)`.
fn paths<'s>(call: &Call<'s>, file: &Path, ids: Ids) -> JsResult<'s> {
    let js = call.js;
    let id = text_of(call)?;
    if ids == Ids::Paths || id.starts_with("./") || id.starts_with("../") {
        let folder = file.parent().unwrap_or(file);
        return Ok(js.array(&[js.string(&folder.to_string_lossy())]));
    }
    let module = js.builtin("module")?;
    let of_node = module.call_method("createRequire", &[js.string(&file.to_string_lossy())])?;
    of_node.get("resolve")?.call_method("paths", &[call.arg(0)])
}

/// The body of `require(path)`: evaluates the file, unless it is in `require.cache`, and returns its exports.
fn load_file<'s>(js: Js<'s>, number: u32, path: &str) -> JsResult<'s> {
    let (engine, evaluations) = (Engine::of(js)?, js.state::<Evaluations>()?);
    let key = (number, path.to_owned());
    let pending = evaluations.pending.borrow().get(&key).cloned();
    let result = pending.as_ref().and_then(|pending| pending.result.take());
    if let (Some(pending), Some(result)) = (&pending, result) {
        evaluations.pending.borrow_mut().remove(&key);
        return end(js, &engine, pending.module, &pending.stage, result);
    }
    let file = Resolved::File {
        path: PathBuf::from(path),
        suffix: String::new(),
        local: true,
    };
    let record = engine.record_of(&file);
    if !Path::new(path).is_absolute() || !record.is_local {
        let module = js.builtin("module")?;
        return module.call_method("_load", &[js.string(path), js.undefined(), js.boolean(false)]);
    }
    let cache = js.builtin("module")?.get("_cache")?;
    let has_run = evaluations.ran.borrow_mut().remove(path);
    if let Some(version) = engine.current(record.id)
        && (has_run || cache.has_key(js.string(path))?)
    {
        dependencies::note_loaded(js, engine.mirror(js, record.id)?)?;
        return exported(js, &version);
    }
    let (reached, stage) = engine.prepare_anew(js, record.id);
    dependencies::note_begun(js, &reached)?;
    let stage = stage?;
    let Some(version) = stage.version(record.id) else {
        return Ok(js.undefined());
    };
    if let Some(pending) = pending {
        let is_same = pending
            .stage
            .version(record.id)
            .is_some_and(|it| it.unit.is_same(&version.unit));
        if is_same {
            engine.discard(js, &stage)?;
            return Err(is_pending(js));
        }
        engine.discard(js, &pending.stage)?;
    }
    if es::has_to_wait(&version) {
        let pending = begin(js, record.id, stage)?;
        evaluations.pending.borrow_mut().insert(key, pending);
        return Err(is_pending(js));
    }
    engine.begin(&stage);
    let result = engine.evaluate(js, &version);
    end(js, &engine, record.id, &stage, result)
}

/// Begins an evaluation that has to wait for a top-level await.
fn begin(js: Js<'_>, module: ModuleId, stage: Rc<Stage>) -> JsResult<'_, Rc<Pending>> {
    let pending = Rc::new(Pending {
        stage,
        module,
        ended: RefCell::default(),
        result: RefCell::default(),
    });
    let (cx, own) = (Cx::new(js), Rc::clone(&pending));
    let ended = spawn(js, async move {
        let version = cx.attempt(|js| {
            let engine = Engine::of(js)?;
            engine.begin(&own.stage);
            Ok(own.stage.version(own.module))
        })?;
        if let Some(version) = version {
            let result = es::evaluated(&cx, &version).await;
            *own.result.borrow_mut() = Some(result);
        }
        Ok(Held::undefined())
    })?;
    *pending.ended.borrow_mut() = Some(ended.hold());
    Ok(pending)
}

fn is_pending(js: Js<'_>) -> Thrown<'_> {
    js.error("Error", "node-hmr: the evaluation waits for a top-level await")
}

/// Ends an evaluation: if it succeeded, its versions become the current ones; else they are discarded.
fn end<'s>(
    js: Js<'s>,
    engine: &Engine,
    module: ModuleId,
    stage: &Rc<Stage>,
    result: Result<(), Held>,
) -> JsResult<'s> {
    if let Err(thrown) = result {
        engine.discard(js, stage)?;
        return Err(Thrown(thrown.get(js)));
    }
    engine.commit(js, stage)?;
    dependencies::note_loaded(js, engine.mirror(js, module)?)?;
    match engine.current(module) {
        Some(version) => exported(js, &version),
        None => Ok(js.undefined()),
    }
}

/// The export of a version that may be a hot module. For CommonJS compiled from an ES module, this is the `default`.
fn exported<'s>(js: Js<'s>, version: &Rc<Version>) -> JsResult<'s> {
    let exported = es::exported(js, version)?;
    let is_whole = !es::is_common_js(version) || !exported.is_object() || take_hot(exported)?.is_some();
    if is_whole || !exported.get("__esModule")?.truthy() {
        return Ok(exported);
    }
    exported.get("default")
}

/// Notes that a module has loaded another one by `import()`, so that runtimes that follow the module follow that one, too.
fn note_import(js: Js<'_>, module: ModuleId) {
    let noted = Engine::of(js).and_then(|engine| {
        let Some(imported) = engine.mirror_imported(js, module)? else {
            return Ok(());
        };
        dependencies::note_loaded(js, imported.files)?;
        dependencies::notice(js, imported.module, &imported.path)
    });
    // A failure here only means that the import is not followed: the program's `import()` has succeeded.
    let _ = noted;
}

/// Waits for the evaluation that the load of a module has begun. False if there is none; if true, load again.
pub async fn evaluated_meanwhile(module: &Module) -> bool {
    let ended = module.cx.attempt(|js| {
        let Some(number) = number_of(require_of(module.runtime.get(js))?) else {
            return Ok(None);
        };
        let key = (number, module.record.resolved.borrow().clone());
        let pending = js.state::<Evaluations>()?.pending.borrow().get(&key).cloned();
        Ok(pending.and_then(|pending| pending.ended.borrow().clone()))
    });
    let Ok(Some(ended)) = ended else { return false };
    // The wait may be given up; the next load then begins a new evaluation.
    drop(module.wait_for("evaluation", ended).await);
    true
}
