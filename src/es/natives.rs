//! The functions that compiled code calls: `import()`, `import.meta`, and CommonJS's names where they exist.

use std::path::Path;

use oxc_syntax::identifier::is_identifier_name;

use super::engine::Engine;
use super::record::ModuleId;
use super::resolve::url::file_url;
use super::resolve::{Mode, ResolveError, Resolved};
use super::run;
use crate::js::{Call, Cx, Held, Js, JsResult, Value, settled, spawn};

/// The functions that `glue.js` calls.
pub fn functions(js: Js<'_>) -> JsResult<'_> {
    let object = js.object();
    object.set("import", js.function("import", 4, import)?)?;
    object.set("meta", js.function("meta", 2, meta)?)?;
    object.set("module", js.function("module", 2, module)?)?;
    object.set("far", js.function("far", 4, far)?)?;
    object.set("required", js.function("required", 2, required)?)?;
    object.set("written", js.function("written", 3, super::coverage::written)?)?;
    object.set("isName", js.function("isName", 1, is_name)?)?;
    object.set("map", js.function("map", 1, map)?)?;
    Ok(object)
}

/// The id of a module, or the place of a request; `usize::MAX` stands for none.
fn id_of(value: Value<'_>) -> ModuleId {
    value.as_whole().unwrap_or(usize::MAX)
}

/// The number of a version, the second argument of most functions.
fn serial_of(call: &Call<'_>) -> u32 {
    call.arg(1).as_whole().unwrap_or(u32::MAX)
}

#[expect(clippy::unnecessary_wraps, reason = "the type of native functions")]
fn is_name<'s>(call: &Call<'s>) -> JsResult<'s> {
    Ok(call.js.boolean(is_identifier_name(&call.arg(0).display())))
}

/// `map(url, code)`: the comment with the source map of an ES module. Without `code`, the map of the code that was loaded
/// last.
fn map<'s>(call: &Call<'s>) -> JsResult<'s> {
    let code = call.arg(1).text();
    let comment = Engine::of(call.js)?.map_comment(&call.arg(0).display(), code.as_deref());
    Ok(call.js.string(&comment.unwrap_or_default()))
}

/// `import(specifier, options)` of a module. Every error rejects the promise.
fn import<'s>(call: &Call<'s>) -> JsResult<'s> {
    let cx = Cx::new(call.js);
    let from = id_of(call.arg(0));
    let (specifier, options) = (call.arg(2).hold(), call.arg(3).hold());
    spawn(call.js, async move {
        let target = cx.attempt(|js| {
            let engine = Engine::of(js)?;
            engine.target_of(js, from, specifier.get(js), options.get(js))
        })?;
        drop((specifier, options));
        // Nothing of the target runs before the caller's own step has ended.
        settled(&cx, Held::undefined()).await?;
        match target {
            Target::Module(id) => {
                let imported = run::import(&cx, id).await;
                cx.with(|js| {
                    let told = Engine::of(js).ok().and_then(|engine| engine.on_import.get());
                    if let Some(told) = told {
                        told(js, from);
                    }
                });
                imported
            }
            Target::Outer(url, options) => {
                let options = options.clone();
                let promise = cx.attempt(|js| {
                    let engine = Engine::of(js)?;
                    let import = engine.glue_function(js, "import")?;
                    let args = [js.string(&url), options.get(js)];
                    engine.host().run_outside(js, import, &args).map(Value::hold)
                })?;
                settled(&cx, promise).await
            }
        }
    })
}

/// The target of an `import()`.
enum Target {
    Module(ModuleId),
    /// A URL that Node loads, with the options of the `import()`.
    Outer(String, Held),
}

impl Engine {
    fn target_of<'s>(
        &self,
        js: Js<'s>,
        from: ModuleId,
        specifier: Value<'s>,
        options: Value<'s>,
    ) -> JsResult<'s, Target> {
        let specifier = self.glue(js, "text", &[specifier])?.display();
        let list = self.glue(js, "attributes", &[options])?.items()?;
        let texts: Vec<String> = list.into_iter().map(Value::display).collect();
        let attributes: Vec<(String, String)> = texts
            .chunks_exact(2)
            .map(|pair| (pair[0].clone(), pair[1].clone()))
            .collect();
        let importer = self.record(from).and_then(|record| record.path.clone());
        let kept = || self.kept_file(&specifier, importer.as_deref()?);
        let resolved = self
            .resolve_from(from, &specifier)
            .or_else(|error| kept().ok_or(error))
            .map_err(|error| self.resolve_error(js, &error))?;
        let record = self.record_of(&resolved);
        if let Some(importer) = self.record(from) {
            importer.dynamic_imports.borrow_mut().insert(record.id);
            record.dynamic_importers.borrow_mut().insert(from);
        }
        self.host().asked(js, from, record.id, true);
        if record.is_local {
            self.check_attributes(js, &resolved, &attributes)?;
            return Ok(Target::Module(record.id));
        }
        let is_json = record.path.as_ref().and_then(|path| path.extension());
        let is_bare_json = attributes.is_empty() && is_json.is_some_and(|extension| extension == "json");
        let options = if is_bare_json {
            let with = js.object();
            with.set("type", js.string("json"))?;
            let options = js.object();
            options.set("with", with)?;
            options
        } else {
            options
        };
        Ok(Target::Outer(record.url.clone(), options.hold()))
    }

    /// Resolves a specifier of a module.
    pub fn resolve_from(&self, from: ModuleId, specifier: &str) -> Result<Resolved, ResolveError> {
        let record = self.record(from);
        let path = record.as_ref().and_then(|record| record.path.as_deref());
        self.sources()
            .resolver
            .resolve(specifier, path.unwrap_or(Path::new("/")), Mode::Import)
    }

    /// The URL of a resolved specifier.
    pub fn url_of(resolved: &Resolved) -> String {
        match resolved {
            Resolved::Builtin(name) | Resolved::Other(name) => name.clone(),
            Resolved::File { path, suffix, .. } => file_url(path, suffix),
        }
    }
}

/// `import.meta`.
fn meta<'s>(call: &Call<'s>) -> JsResult<'s> {
    let js = call.js;
    let engine = Engine::of(js)?;
    let id = id_of(call.arg(0));
    let meta = js.object();
    meta.set_prototype(js.null())?;
    let Some(record) = engine.record(id) else {
        return Ok(meta);
    };
    if let Some(path) = &record.path {
        let folder = path.parent().unwrap_or(path);
        meta.set("dirname", js.string(&folder.to_string_lossy()))?;
        meta.set("filename", js.string(&path.to_string_lossy()))?;
    }
    meta.set("main", js.boolean(engine.main.get() == Some(id)))?;
    let resolve = js.function("resolve", 1, move |call| resolve(call, id))?;
    meta.set("resolve", resolve)?;
    meta.set("url", js.string(&record.url))?;
    let hot = engine.host().hot(js, id, serial_of(call))?;
    if !hot.is_undefined() {
        meta.set("hot", hot)?;
    }
    Ok(meta)
}

/// `import.meta.resolve(specifier)`. As under node, a missing file has a URL all the same.
fn resolve<'s>(call: &Call<'s>, id: ModuleId) -> JsResult<'s> {
    let js = call.js;
    let engine = Engine::of(js)?;
    let specifier = engine.glue(js, "text", &[call.arg(0)])?.display();
    match engine.resolve_from(id, &specifier) {
        Ok(resolved) => Ok(js.string(&Engine::url_of(&resolved))),
        Err(error) => {
            let is_missing = matches!(error.code, "ERR_MODULE_NOT_FOUND" | "ERR_UNSUPPORTED_DIR_IMPORT");
            match &error.url {
                Some(url) if is_missing => Ok(js.string(url)),
                _ => Err(engine.resolve_error(js, &error)),
            }
        }
    }
}

/// The end of a long chain of re-exports, as `[env, name]`, for a version that reads it now.
fn far<'s>(call: &Call<'s>) -> JsResult<'s> {
    let js = call.js;
    let engine = Engine::of(js)?;
    match engine.version(id_of(call.arg(0)), serial_of(call)) {
        Some(version) => engine.end_of_chain(js, &version, id_of(call.arg(2)), &call.arg(3).display()),
        None => Ok(js.undefined()),
    }
}

/// Tells the program that a CommonJS module has required another module.
fn required<'s>(call: &Call<'s>) -> JsResult<'s> {
    let js = call.js;
    let engine = Engine::of(js)?;
    let id = id_of(call.arg(0));
    if let Some(version) = engine.version(id, serial_of(call)) {
        for target in engine.required_by(js, &version)? {
            engine.host().asked(js, id, target, false);
        }
    }
    Ok(js.undefined())
}

/// `module` of an ES module in which CommonJS's names exist. Its property `require_` is the module's `require`.
fn module<'s>(call: &Call<'s>) -> JsResult<'s> {
    let js = call.js;
    let engine = Engine::of(js)?;
    let id = id_of(call.arg(0));
    let path = engine.record(id).and_then(|record| record.path.clone());
    let path = path.unwrap_or_default();
    let folder = path.parent().unwrap_or(&path).to_string_lossy().into_owned();
    let version = engine.version(id, serial_of(call));
    let is_main = version.is_some() && engine.main.get() == Some(id);
    if let Some(version) = version.as_ref().filter(|_| is_main) {
        engine.note_main_before(js, version)?;
    }
    let args = [
        js.string(&path.to_string_lossy()),
        js.string(&folder),
        js.boolean(is_main),
    ];
    let module = engine.glue(js, "looseModule", &args)?;
    let hot = engine.host().hot(js, id, serial_of(call))?;
    if !hot.is_undefined() {
        module.set("hot", hot)?;
    }
    if let Some(version) = version {
        version.live.borrow_mut().common_js = Some(module.hold());
    }
    Ok(module)
}
