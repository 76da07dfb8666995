//! Packages and builtins: Node's own namespaces, synchronously and in order.

use std::path::Path;
use std::rc::Rc;

use super::engine::Engine;
use super::record::Version;
use super::text::quoted;
use crate::js::{Js, JsResult, Value};

impl Engine {
    /// Lets Node load it. Throws `ERR_REQUIRE_ASYNC_MODULE` if it has top-level await.
    pub(super) fn load_external<'s>(&self, js: Js<'s>, version: &Version) -> JsResult<'s> {
        let url = &version.unit.url;
        // Node caches what a virtual file resolves to, by its name: each target has one of its own.
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

    /// The promise of what has top-level await.
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

    /// Node's namespace is what importers read.
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
