//! Packages and builtins: Node's own namespaces, synchronously and in order.

use std::path::Path;
use std::rc::Rc;

use super::engine::Engine;
use super::record::Version;
use super::text::quoted;
use crate::js::{Js, JsResult, Value};

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
        let text = format!("export * as ns from {}{attributes}", quoted(url));
        let load = self.glue_function(js, "external")?;
        self.host()
            .run_outside(js, load, &[js.string(&file), js.string(&text)])
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
    let end = url.find(['?', '#']).unwrap_or(url.len());
    let path = Path::new(url.get(..end).unwrap_or(url));
    url.starts_with("file:") && path.extension().is_some_and(|extension| extension == "json")
}
