//! Local CommonJS: Node's own loader, with our compiler at its extensions.

use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use super::engine::Engine;
use super::opening::told;
use super::record::{Body, Record, Status, Version};
use super::resolve::{Mode, Resolved};
use crate::js::{Call, Js, JsResult, Thrown, Value};

/// Extensions whose local files are compiled here.
const EXTENSIONS: [&str; 8] = [".js", ".cjs", ".mjs", ".ts", ".cts", ".mts", ".tsx", ".jsx"];

impl Engine {
    /// Puts the compiler into `Module._extensions`, and the resolution that TypeScript's users expect into
    /// `Module._resolveFilename`.
    pub fn hook_require<'s>(&self, js: Js<'s>) -> JsResult<'s, ()> {
        if !self.old_hooks.borrow().is_empty() {
            return Ok(());
        }
        let node_module = self.node_module.get(js);
        let extensions = node_module.get("_extensions")?;
        for extension in EXTENSIONS {
            let old = extensions.get(extension)?;
            let hook = js.function("", 2, move |call| load_file(call, extension))?;
            if old.is_undefined() {
                // Not enumerable: Node appends every enumerable extension to a name that has none.
                extensions.define_hidden(js.string(extension), hook)?;
            } else {
                self.old_hooks.borrow_mut().insert(extension.into(), old.hold());
                extensions.set(extension, hook)?;
            }
        }
        let old = node_module.get("_resolveFilename")?;
        self.old_hooks
            .borrow_mut()
            .insert("_resolveFilename".into(), old.hold());
        let hook = js.function("_resolveFilename", 4, resolve_file_name)?;
        node_module.set("_resolveFilename", hook)
    }

    fn old_hook<'s>(&self, js: Js<'s>, name: &str) -> Value<'s> {
        let hooks = self.old_hooks.borrow();
        let old = hooks.get(name).or_else(|| hooks.get(".js")).cloned();
        drop(hooks);
        old.map_or(js.undefined(), |old| old.get(js))
    }

    /// Runs a CommonJS version that is imported, and reads its exports.
    pub(super) fn execute_common_js<'s>(&self, js: Js<'s>, version: &Rc<Version>) -> JsResult<'s, ()> {
        let Some(record) = self.record(version.module) else {
            return Ok(());
        };
        let path = record.path.clone().unwrap_or_default();
        let file = js.string(&path.to_string_lossy());
        let node_module = self.node_module.get(js);
        let load = node_module.get("_load")?;
        let parent = self.parent_of_imported(js, version);
        load.call(node_module, &[file, parent, js.boolean(false)])?;
        if version.live.borrow().common_js.is_none() {
            // A preload has loaded the file before us: its exports stay.
            let module = node_module.get("_cache")?.get_key(file)?;
            if module.is_object() {
                version.live.borrow_mut().common_js = Some(module.hold());
            }
        }
        self.read_exports(js, version)
    }

    /// Takes the exports of a CommonJS module as they are now.
    pub(super) fn read_exports<'s>(&self, js: Js<'s>, version: &Rc<Version>) -> JsResult<'s, ()> {
        let module = version.live.borrow().common_js.clone();
        let Some(module) = module else {
            return Ok(());
        };
        let exports = module.get(js).get("exports")?;
        let has_module_exports = js.boolean(self.node.major >= 23);
        let pair = self.glue(js, "commonJs", &[exports, has_module_exports])?;
        Self::set_values(version, pair)
    }

    /// The version that waits for Node's loader to reach its file.
    fn waiting_version(&self, record: &Record) -> Option<Rc<Version>> {
        self.version_of(record.id).filter(|version| {
            let is_waiting = matches!(version.status.get(), Status::Linked | Status::Evaluating);
            is_waiting && version.live.borrow().common_js.is_none()
        })
    }

    fn run_common_js<'s>(
        &self,
        js: Js<'s>,
        version: &Rc<Version>,
        module: Value<'s>,
        file: Value<'s>,
    ) -> JsResult<'s> {
        let Body::CommonJs(code) = &version.unit.body else {
            return Ok(js.undefined());
        };
        version.live.borrow_mut().common_js = Some(module.hold());
        let hot = self.host().hot(js, version.module, version.serial)?;
        if !hot.is_undefined() {
            module.set("hot", hot)?;
        }
        if code
            .code
            .get(..code.code.len().min(80))
            .is_some_and(|start| start.contains("=module.__hmr__;"))
        {
            let id = js.count(version.module);
            let scope = self.glue(js, "scope", &[id, js.number(f64::from(version.serial))])?;
            self.glue(js, "door", &[module, scope])?;
            version.live.borrow_mut().scope = Some(scope.hold());
        }
        let (id, serial) = (js.count(version.module), js.number(f64::from(version.serial)));
        self.glue(js, "observe", &[module, id, serial])?;
        let compile = self.glue_function(js, "compile")?;
        let source = js.number(told(version.unit.hash));
        let args = [module, js.string(&code.code), file, source];
        self.host().run(js, version, compile, &args)
    }
}

/// `Module._extensions[extension](module, filename)`.
fn load_file<'s>(call: &Call<'s>, extension: &'static str) -> JsResult<'s> {
    let js = call.js;
    let engine = Engine::of(js)?;
    let (module, file) = (call.arg(0), call.arg(1));
    let path = PathBuf::from(file.display());
    let by_node = |engine: &Engine| engine.old_hook(js, extension).call(call.this, &[module, file]);
    let resolver = Arc::clone(&engine.sources().resolver);
    if !resolver.is_local(&path) || resolver.is_known_to_require_alone(&path) {
        return by_node(&engine);
    }
    let record = engine.record_of(&Resolved::File {
        path: path.clone(),
        suffix: String::new(),
        local: true,
    });
    record.was_required.set(true);
    let waiting = engine.waiting_version(&record);
    let unit = if let Some(version) = &waiting {
        Arc::clone(&version.unit)
    } else {
        // The program itself took the module out of `require.cache`: then its file is read again, as under node.
        if record.next_serial.get() > 0 {
            engine.sources().look_again(std::slice::from_ref(&path));
        }
        engine.unit_of(js, &record)?
    };
    match &unit.body {
        Body::Module(_) => {
            let exports = engine.require_module(js, record.id)?;
            module.set("exports", exports)?;
            Ok(js.undefined())
        }
        Body::Json(_) | Body::External => by_node(&engine),
        Body::CommonJs(_) => {
            let is_new = waiting.is_none();
            let version = waiting.unwrap_or_else(|| Version::new(&record, Arc::clone(&unit)));
            if is_new {
                engine.note_main(js, &record, module)?;
                engine.publish(&version);
            } else {
                engine.become_main(js, &version, module)?;
            }
            // While the module runs, its importers see what it has exported so far, as under node.
            let by_import = version.status.get() == Status::Evaluating;
            if !by_import {
                version.status.set(Status::Evaluated);
            }
            let result = engine.run_common_js(js, &version, module, file);
            if let Err(thrown) = &result {
                forget_failed(&record, &version, is_new, *thrown);
            }
            if !by_import {
                engine.host().evaluated(js, &version);
            }
            result
        }
    }
}

/// Forgets a module that threw, as Node takes it out of its cache, so that the next `require` tries again.
fn forget_failed(record: &Record, version: &Rc<Version>, is_new: bool, thrown: Thrown<'_>) {
    if version.status.get() == Status::Evaluated {
        *version.error.borrow_mut() = Some(thrown.hold());
    }
    if is_new {
        let current = record.current.take();
        let is_same = current
            .as_ref()
            .is_some_and(|current| Rc::ptr_eq(current, version));
        if !is_same {
            *record.current.borrow_mut() = current;
        }
    }
}

/// `Module._resolveFilename(request, parent, isMain, options)`. tsconfig's `paths` come first, then Node's answer, and where
/// Node has none, TypeScript's extensions.
fn resolve_file_name<'s>(call: &Call<'s>) -> JsResult<'s> {
    let js = call.js;
    let engine = Engine::of(js)?;
    let request = call.arg(0);
    let importer = importer_of(call.arg(1));
    let resolver = Arc::clone(&engine.sources().resolver);
    let importer = importer.filter(|path| resolver.is_local(path));
    let by_node = || {
        engine
            .old_hook(js, "_resolveFilename")
            .call(call.this, &call.args)
    };
    let (Some(importer), Some(specifier)) = (importer, request.text()) else {
        return by_node();
    };
    let ours = || match resolver.resolve(&specifier, &importer, Mode::Require) {
        Ok(Resolved::File { path, local, .. }) => Some((path, local)),
        _ => None,
    };
    let is_bare = !specifier.starts_with(['.', '/']) && !Path::new(&specifier).is_absolute();
    if is_bare && let Some((path, true)) = ours() {
        return Ok(js.string(&path.to_string_lossy()));
    }
    by_node().or_else(|thrown| {
        let code = thrown.0.get("code").map(Value::display).unwrap_or_default();
        match ours() {
            Some((path, _)) if code == "MODULE_NOT_FOUND" => Ok(js.string(&path.to_string_lossy())),
            None if code == "MODULE_NOT_FOUND" => match engine.kept_file(&specifier, &importer) {
                Some(Resolved::File { path, .. }) => Ok(js.string(&path.to_string_lossy())),
                _ => Err(thrown),
            },
            _ => Err(thrown),
        }
    })
}

fn importer_of(parent: Value<'_>) -> Option<PathBuf> {
    if !parent.is_object() {
        return None;
    }
    let file = parent.get("filename").ok()?.text()?;
    Some(PathBuf::from(file))
}
