//! The doors: how code outside of the program reaches hot modules through Node's own loaders.
//!
//! `require` comes in through `Module._extensions` (`es/commonjs.rs`). Node's ES loader calls hooks: in this thread where
//! `module.registerHooks` exists (22.15), otherwise in Node's thread for hooks, which has an engine of its own to find out
//! the export names. Either way the loader gets a facade (`facade_text.rs`), which first of all calls [`keep`].

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::{facade_text, restart};
use crate::es::resolve::url::FileUrl;
use crate::es::resolve::{Mode, Resolved};
use crate::es::{Body, Engine, ModuleId, Version, import};
use crate::js::{Call, Cx, Held, Js, JsResult, PlainState, Value, spawn};

/// The doors of one environment.
#[derive(Default)]
pub struct Doors {
    /// The folder of this package: its own files are never hot.
    own_folder: RefCell<PathBuf>,
    /// URL of `bin/keep.js`, which facades import.
    keeper: RefCell<String>,
    /// URL of the program's entry, if Node's loader runs it.
    entry: RefCell<Option<String>>,
    /// The functions that set the exports of each module's facades. A facade is in Node's cache for good, so its function is
    /// kept for good.
    facades: RefCell<HashMap<ModuleId, Vec<Held>>>,
    /// Whether hooks of this thread hear of each `import()`.
    is_told: Cell<bool>,
    /// For each module, the modules whose facades export bindings of it.
    exporters: RefCell<HashMap<ModuleId, BTreeSet<ModuleId>>>,
}

impl PlainState for Doors {}

/// Opens the doors. `places` is `{ folder, keeper, hooks }`: the folder of this package, and the URLs of `bin/keep.js` and
/// `bin/hooks.mjs`.
pub fn open<'s>(js: Js<'s>, places: Value<'s>, data: Value<'s>) -> JsResult<'s, ()> {
    place(js, places)?;
    Engine::of(js)?.hook_require(js)?;
    let module = js.builtin("module")?;
    let in_thread = module.get("registerHooks")?;
    if in_thread.is_function() {
        let hooks = js.object();
        hooks.set("resolve", js.function("resolve", 3, resolve_hook)?)?;
        hooks.set("load", js.function("load", 3, load_hook)?)?;
        js.state::<Doors>()?.is_told.set(true);
        in_thread.call(module, &[hooks])?;
    } else {
        let options = js.object();
        options.set("data", data)?;
        module.call_method("register", &[places.get("hooks")?, options])?;
    }
    Ok(())
}

/// Notes where this package's own files are, without opening anything.
pub fn place<'s>(js: Js<'s>, places: Value<'s>) -> JsResult<'s, ()> {
    let doors = js.state::<Doors>()?;
    *doors.own_folder.borrow_mut() = PathBuf::from(places.get("folder")?.display());
    *doors.keeper.borrow_mut() = places.get("keeper")?.display();
    Ok(())
}

/// Sets the exports of facades anew, since a module has a new version: of its own facades, and of those that export its
/// bindings.
pub fn refresh(js: Js<'_>, module: ModuleId) {
    let (Ok(doors), Ok(engine)) = (js.state::<Doors>(), Engine::of(js)) else {
        return;
    };
    for id in doors.concerned(module) {
        if let Some(version) = shown(&engine, id) {
            let tell = |origin| {
                js.function("", 0, move |call| {
                    tell(call.js, origin);
                    Ok(call.js.undefined())
                })
            };
            for origin in engine.tell(js, &version, tell).unwrap_or_default() {
                doors.exporters.borrow_mut().entry(origin).or_default().insert(id);
            }
        }
    }
    tell(js, module);
}

/// Sets the exports of all facades that show bindings of a module.
fn tell(js: Js<'_>, module: ModuleId) {
    let (Ok(doors), Ok(engine)) = (js.state::<Doors>(), Engine::of(js)) else {
        return;
    };
    for id in doors.concerned(module) {
        let sets = doors.facades.borrow().get(&id).cloned().unwrap_or_default();
        let env = shown(&engine, id).map(|version| version.env(js));
        let Some(Ok(Some(env))) = env else { continue };
        for set in sets {
            // Setting fails at a binding that is not initialized yet. The facade keeps the value that it had.
            let _ = set.get(js).call(js.undefined(), &[env]);
        }
    }
}

/// The version that code outside sees: that of an update as soon as it has run.
fn shown(engine: &Engine, id: ModuleId) -> Option<Rc<Version>> {
    let newest = engine.version_of(id).filter(|version| version.has_run());
    newest.or_else(|| engine.current(id))
}

/// Those of these modules first that code outside imports, but for the entry, where nobody hears of an `import()` of
/// what Node has in its cache: it gives the new version, as others begin with it.
pub fn outer_first(js: Js<'_>, order: &mut [ModuleId]) {
    let (Ok(doors), Ok(engine)) = (js.state::<Doors>(), Engine::of(js)) else {
        return;
    };
    if !doors.is_told.get() {
        let facades = doors.facades.borrow();
        order.sort_by_key(|id| !facades.contains_key(id) || engine.main_module() == Some(*id));
    }
}

impl Doors {
    /// Evaluates the version of an update that an `import()` of code outside is to get, unless it has run: Node gives the
    /// facade that it has.
    fn evaluate_asked<'s>(&self, js: Js<'s>, url: &str) -> JsResult<'s, ()> {
        if self.facades.borrow().is_empty() {
            return Ok(());
        }
        let Some(resolved) = local_file(js, url)? else {
            return Ok(());
        };
        let engine = Engine::of(js)?;
        let id = engine.record_of(&resolved).id;
        let is_known = self.facades.borrow().contains_key(&id);
        if !is_known || !engine.is_staged(id) || engine.facade(js, id)?.has_await {
            return Ok(());
        }
        engine.import_sync(js, id).map(drop)
    }

    /// The modules with facades that show bindings of a module.
    fn concerned(&self, module: ModuleId) -> BTreeSet<ModuleId> {
        let mut concerned = self.exporters.borrow().get(&module).cloned().unwrap_or_default();
        if self.facades.borrow().contains_key(&module) {
            concerned.insert(module);
        }
        concerned
    }
}

/// `keep(url, set)`: evaluates the module at `url`, and calls `set` with its exports now and whenever they change. Returns a
/// promise if the module has top-level await.
pub fn keep<'s>(call: &Call<'s>) -> JsResult<'s> {
    let js = call.js;
    let (engine, doors) = (Engine::of(js)?, js.state::<Doors>()?);
    let (url, set) = (call.arg(0).display(), call.arg(1).hold());
    let Some(resolved) = local_file(js, &url)? else {
        return Err(js.error("Error", &format!("node-hmr: {url} is no local module")));
    };
    let id = engine.record_of(&resolved).id;
    if is_entry(js, &doors, &url, &resolved)? {
        engine.set_main(id);
    }
    let has_await = engine.facade(js, id)?.has_await;
    let keep = move |js: Js<'_>| {
        if let Ok(doors) = js.state::<Doors>() {
            doors.facades.borrow_mut().entry(id).or_default().push(set);
            refresh(js, id);
        }
    };
    if !has_await {
        engine.import_sync(js, id)?;
        keep(js);
        return Ok(js.undefined());
    }
    let cx = Cx::new(js);
    spawn(js, async move {
        import(&cx, id).await?;
        cx.with(keep);
        Ok(Held::undefined())
    })
}

/// Whether this module is the program's entry. Where Node's hooks have a thread of their own, this thread is not told of the
/// entry: then it is the file that the command line names, or in a worker the first module that is loaded.
fn is_entry<'s>(js: Js<'s>, doors: &Doors, url: &str, resolved: &Resolved) -> JsResult<'s, bool> {
    if let Some(entry) = doors.entry.borrow().as_deref() {
        return Ok(entry == url);
    }
    let is_entry = if js.builtin("worker_threads")?.get("isMainThread")?.truthy() {
        let named = js.global()?.get("process")?.get("argv")?.item(1)?.text();
        let sources = Engine::of(js)?.sources();
        // A folder or a name without its extension will do, as for Node.
        match (
            resolved,
            named.map(|named| sources.resolver.entry(Path::new(&named))),
        ) {
            (Resolved::File { path, .. }, Some(Ok(Resolved::File { path: named, .. }))) => *path == named,
            _ => false,
        }
    } else {
        true
    };
    if is_entry {
        *doors.entry.borrow_mut() = Some(url.to_owned());
    }
    Ok(is_entry)
}

/// `resolve(specifier, context, nextResolve)`
pub fn resolve_hook<'s>(call: &Call<'s>) -> JsResult<'s> {
    let js = call.js;
    let (specifier, context, next) = (call.arg(0), call.arg(1), call.arg(2));
    let parent = context.get("parentURL")?.text();
    let is_entry = parent.is_none();
    let asking = match &parent {
        Some(parent) if !is_required(context)? => local_file(js, parent)?,
        _ => None,
    };
    let ours = match (asking, parent) {
        (Some(Resolved::File { path, .. }), _) => resolve_for(js, &specifier.display(), &path)?,
        (_, Some(_)) => compiled_name(js, &specifier.display())?,
        _ => None,
    };
    if let Some(found) = ours {
        let url = Engine::url_of(&found);
        js.state::<Doors>()?.evaluate_asked(js, &url)?;
        let answer = js.object();
        answer.set("url", js.string(&url))?;
        answer.set("shortCircuit", js.boolean(true))?;
        return Ok(answer);
    }
    let answer = with_longer_stack(js, || next.call(js.undefined(), &[specifier, context]))?;
    if answer.is_object() && !answer.is_thenable()? {
        let doors = js.state::<Doors>()?;
        let url = answer.get("url")?.text();
        if is_entry {
            *doors.entry.borrow_mut() = url;
        } else if let Some(url) = url {
            doors.evaluate_asked(js, &url)?;
        }
    }
    Ok(answer)
}

/// Where a hot module's import leads, if that is a file.
fn resolve_for<'s>(js: Js<'s>, specifier: &str, importer: &Path) -> JsResult<'s, Option<Resolved>> {
    let engine = Engine::of(js)?;
    let found = engine
        .sources()
        .resolver
        .resolve(specifier, importer, Mode::Import);
    Ok(found.ok().filter(|found| matches!(found, Resolved::File { .. })))
}

/// The local file that a package means by a URL that has no file: frameworks name the files of their users as they are called
/// once they are compiled.
fn compiled_name<'s>(js: Js<'s>, url: &str) -> JsResult<'s, Option<Resolved>> {
    match local_file(js, url)? {
        Some(Resolved::File { path, .. }) if !path.exists() => resolve_for(js, url, &path),
        _ => Ok(None),
    }
}

/// Calls `run` with a longer `Error.stackTraceLimit`. Node adds frames for a hook, and otherwise the stack of a failed
/// `require` would end before the user's frame.
fn with_longer_stack<'s>(js: Js<'s>, run: impl FnOnce() -> JsResult<'s>) -> JsResult<'s> {
    const OF_HOOKS: f64 = 6.0;
    let errors = js.global()?.get("Error")?;
    let limit = errors.get("stackTraceLimit")?;
    let Some(frames) = limit.as_number() else {
        return run();
    };
    errors.set("stackTraceLimit", js.number(frames + OF_HOOKS))?;
    let outcome = run();
    errors.set("stackTraceLimit", limit)?;
    outcome
}

/// `load(url, context, nextLoad)`
pub fn load_hook<'s>(call: &Call<'s>) -> JsResult<'s> {
    let js = call.js;
    let (url, context, next) = (call.arg(0).display(), call.arg(1), call.arg(2));
    let by_node = || next.call(js.undefined(), &[call.arg(0), context]);
    if is_required(context)? {
        return by_node();
    }
    let Some(resolved) = local_file(js, &url)? else {
        restart::note_loaded(js, &url);
        return by_node();
    };
    let engine = Engine::of(js)?;
    let record = engine.record_of(&resolved);
    let answer = js.object();
    match engine.unit_of(js, &record)?.body {
        Body::Module(_) => {
            let made = engine.facade(js, record.id)?;
            let keeper = js.state::<Doors>()?.keeper.borrow().clone();
            let text = facade_text::text(&url, &keeper, &made.names, made.has_await);
            answer.set("format", js.string("module"))?;
            answer.set("source", js.string(&text))?;
        }
        Body::CommonJs(_) => answer.set("format", js.string("commonjs"))?,
        _ => return by_node(),
    }
    answer.set("shortCircuit", js.boolean(true))?;
    Ok(answer)
}

/// Whether `require` loads the module. It comes in through `Module._extensions` and needs no hook.
fn is_required(context: Value<'_>) -> JsResult<'_, bool> {
    let conditions = context.get("conditions")?;
    if !conditions.is_array() {
        return Ok(false);
    }
    Ok(conditions
        .items()?
        .into_iter()
        .any(|condition| condition.text().as_deref() == Some("require")))
}

/// The local file that a URL names, if it names one.
fn local_file<'s>(js: Js<'s>, url: &str) -> JsResult<'s, Option<Resolved>> {
    if !url.starts_with("file:") {
        return Ok(None);
    }
    let Ok(FileUrl { path, suffix, .. }) = FileUrl::parse(url) else {
        return Ok(None);
    };
    let path = path.canonicalize().unwrap_or(path);
    let doors = js.state::<Doors>()?;
    let is_own = is_below(&path, &doors.own_folder.borrow());
    let is_local = !is_own && Engine::of(js)?.sources().resolver.is_local(&path);
    Ok(is_local.then_some(Resolved::File {
        path,
        suffix,
        local: true,
    }))
}

/// Whether a path is one of this package's own files: beside its package.json, or of its command.
fn is_below(path: &Path, folder: &Path) -> bool {
    path.parent() == Some(folder) || path.starts_with(folder.join("bin"))
}
