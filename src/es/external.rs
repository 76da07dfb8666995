//! Packages and builtins: Node's own namespaces, synchronously and in order.

use std::path::Path;
use std::rc::Rc;

use super::compile::quote;
use super::engine::Engine;
use super::record::Version;
use crate::js::{Js, JsResult, Thrown, Value};

impl Engine {
    /// Lets Node load a package or builtin. Throws `ERR_REQUIRE_ASYNC_MODULE` if the module has top-level await.
    pub(super) fn load_external<'s>(&self, js: Js<'s>, version: &Version) -> JsResult<'s> {
        let url = &version.unit.url;
        // Node caches by the importing file's name what a specifier resolves to, so each target gets an importing file of its
        // own.
        let file = Self::own_file(&format!("package-{}.mjs", version.module));
        let attributes = if is_json(url) {
            " with { type: \"json\" }"
        } else {
            ""
        };
        let text = format!("export * as ns from {}{attributes}", quote::string(url));
        let load = self.glue_function(js, "external")?;
        self.host()
            .run_outside(js, load, &[js.string(&file), js.string(&text)])
    }

    /// Loads by `require` what Node's loader of ES modules did not find, as the file lies in an archive of Yarn Plug'n'Play: until
    /// Node 22.15 that loader asks none of Yarn's hooks here, and without them it reads no archive.
    pub(super) fn load_archived<'s>(
        &self,
        js: Js<'s>,
        version: &Rc<Version>,
        thrown: Thrown<'s>,
    ) -> JsResult<'s, ()> {
        let is_missing =
            thrown.0.is_object() && thrown.0.get("code")?.text().as_deref() == Some("ERR_MODULE_NOT_FOUND");
        let path = self.record(version.module).and_then(|record| record.path.clone());
        let Some(path) = path.filter(|_| is_missing) else {
            return Err(thrown);
        };
        let load = self.glue_function(js, "archived")?;
        let path = js.string(&path.to_string_lossy());
        let loaded = self.host().run_outside(js, load, &[path])?;
        if loaded.is_undefined() {
            return Err(thrown);
        }
        let has_module_exports = js.boolean(self.node.major >= 23);
        let pair = self.glue(js, "commonJs", &[loaded.get("exports")?, has_module_exports])?;
        Self::set_values(version, pair)
    }

    /// Lets Node load a module that has top-level await. Returns the promise of its namespace.
    pub(super) fn import_external<'s>(&self, js: Js<'s>, url: &str) -> JsResult<'s> {
        let import = self.glue_function(js, "import")?;
        let options = js.object();
        if is_json(url) {
            let attributes = js.object();
            attributes.set("type", js.string("json"))?;
            options.set("with", attributes)?;
        }
        self.host().run_outside(js, import, &[js.string(url), options])
    }

    /// Lets importers read Node's namespace.
    pub(super) fn set_external<'s>(
        &self,
        js: Js<'s>,
        version: &Rc<Version>,
        namespace: Value<'s>,
    ) -> JsResult<'s, ()> {
        let names = self.glue(js, "keys", &[namespace])?.items()?;
        let names: Vec<String> = names.into_iter().filter_map(Value::text).collect();
        *version.names.borrow_mut() = Some(names.into());
        version.live.borrow_mut().env = Some(namespace.hold());
        Ok(())
    }
}

fn is_json(url: &str) -> bool {
    if let Some(data) = url.strip_prefix("data:") {
        return data.starts_with("application/json");
    }
    let end = url.find(['?', '#']).unwrap_or(url.len());
    let path = Path::new(url.get(..end).unwrap_or(url));
    url.starts_with("file:") && path.extension().is_some_and(|extension| extension == "json")
}
