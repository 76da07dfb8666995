//! Namespace objects.
//!
//! A namespace is a Proxy over a target with data properties, so that each trap answers as Node's own object does. The traps
//! read through a cell, `{ env }`. Until an update is committed, its versions have cells of their own. From then on all
//! versions share the cell of the module, so namespaces of old versions show the current one.

use std::rc::Rc;

use super::engine::Engine;
use super::record::{Body, Record, Status, Version};
use super::resolve::FileFormat;
use super::stars;
use crate::es::compile::Format;
use crate::js::{Held, Js, JsResult, Value};

impl Engine {
    /// The namespace of a version, the same object at each call.
    pub fn namespace<'s>(&self, js: Js<'s>, version: &Rc<Version>) -> JsResult<'s> {
        self.namespace_for(js, version, false)
    }

    /// The namespace of a version for one kind of importer. `is_loose`: the importer is TypeScript outside of `"type":
    /// "module"`.
    pub(super) fn namespace_for<'s>(
        &self,
        js: Js<'s>,
        version: &Rc<Version>,
        is_loose: bool,
    ) -> JsResult<'s> {
        let Some(env) = self.env_for(js, version, is_loose)? else {
            return Ok(js.undefined());
        };
        let own = version.env(js)?;
        let is_interop = own.is_some_and(|own| !own.same(env));
        if is_interop {
            return self.interop_namespace(js, version, env);
        }
        if matches!(version.unit.body, Body::External) {
            return Ok(env);
        }
        let known = version.live.borrow().namespace.clone();
        if let Some(known) = known {
            return known.get(js).get("proxy");
        }
        let Some(record) = self.record(version.module) else {
            return Ok(js.undefined());
        };
        let current = record.current.borrow().clone();
        let is_public = current.is_none_or(|current| Rc::ptr_eq(&current, version));
        let cell = if is_public {
            let cell = public_cell(js, &record);
            cell.get(js).set("env", env)?;
            cell
        } else {
            let cell = js.object();
            cell.set("env", env)?;
            cell.hold()
        };
        let made = self.make_namespace(js, version, cell.get(js))?;
        version.live.borrow_mut().namespace = Some(made.hold());
        made.get("proxy")
    }

    fn make_namespace<'s>(&self, js: Js<'s>, version: &Rc<Version>, cell: Value<'s>) -> JsResult<'s> {
        let names = stars::namespace_names(version);
        let names: Vec<Value<'s>> = names.iter().map(|name| js.string(name)).collect();
        let made = self.glue(js, "namespace", &[cell, js.array(&names)])?;
        if version.status.get() == Status::Evaluated {
            self.glue(js, "fill", &[made])?;
        }
        Ok(made)
    }

    fn interop_namespace<'s>(&self, js: Js<'s>, version: &Rc<Version>, env: Value<'s>) -> JsResult<'s> {
        let known = version
            .live
            .borrow()
            .interop
            .as_ref()
            .and_then(|(_, known)| known.clone());
        if let Some(known) = known {
            return Ok(known.get(js));
        }
        let cell = js.object();
        cell.set("env", env)?;
        let made = self.make_namespace(js, version, cell)?.get("proxy")?;
        version.live.borrow_mut().interop = Some((env.hold(), Some(made.hold())));
        Ok(made)
    }

    /// The result of `require` of an ES module: its export `module.exports`, or the namespace, with `__esModule` as Node adds
    /// it.
    pub(super) fn required_namespace<'s>(&self, js: Js<'s>, version: &Rc<Version>) -> JsResult<'s> {
        let known = version.live.borrow().required.clone();
        if let Some(known) = known {
            return Ok(known.get(js));
        }
        let namespace = self.namespace(js, version)?;
        let names = stars::namespace_names(version);
        let has = |name: &str| names.iter().any(|other| other == name);
        let required = if has("module.exports") {
            namespace.get("module.exports")?
        } else if has("default") && !has("__esModule") {
            let Some(record) = self.record(version.module) else {
                return Ok(namespace);
            };
            let cell = public_cell(js, &record).get(js);
            let marked = self.glue(js, "marked", &[cell])?;
            let mut names: Vec<Value<'s>> = names.iter().map(|name| js.string(name)).collect();
            names.insert(0, js.string("__esModule"));
            let made = self.glue(js, "namespace", &[marked, js.array(&names)])?;
            self.glue(js, "fill", &[made])?;
            made.get("proxy")?
        } else {
            namespace
        };
        version.live.borrow_mut().required = Some(required.hold());
        Ok(required)
    }

    /// Shows the values of an evaluated version in its namespace, and tells the program.
    pub(super) fn finished(&self, js: Js<'_>, version: &Rc<Version>) {
        let namespace = version.live.borrow().namespace.clone();
        if let Some(namespace) = namespace {
            // The values are only for `console.log`, so getters that throw are passed over.
            let _ = self.glue(js, "fill", &[namespace.get(js)]);
        }
        self.host().evaluated(js, version);
    }

    /// Whether the module's exports are those of CommonJS.
    pub(super) fn is_common_js(&self, js: Js<'_>, version: &Version) -> bool {
        match &version.unit.body {
            Body::CommonJs(_) => true,
            Body::External => self.is_outer_common_js(js, version).unwrap_or(false),
            Body::Module(_) | Body::Json(_) => false,
        }
    }

    fn is_outer_common_js<'s>(&self, js: Js<'s>, version: &Version) -> JsResult<'s, bool> {
        let names = version.names.borrow().clone();
        if names.is_some_and(|names| names.iter().any(|name| name == "module.exports")) {
            return Ok(true);
        }
        let path = self.record(version.module).and_then(|record| record.path.clone());
        let Some(path) = path else {
            return Ok(false);
        };
        Ok(match self.sources().resolver.format(&path) {
            Ok(FileFormat::Code {
                format: Format::CommonJs,
                ..
            }) => true,
            Ok(FileFormat::Code {
                format: Format::Detect,
                ..
            }) => {
                let cache = self.node_module.get(js).get("_cache")?;
                let module = cache.get(&path.to_string_lossy())?;
                // A module in Node's cache whose exports are a namespace is an ES module that was required.
                module.is_object() && !is_native_namespace(module.get("exports")?)?
            }
            _ => false,
        })
    }
}

/// Whether this is a namespace that Node's own loader of ES modules has made.
pub fn is_native_namespace(value: Value<'_>) -> JsResult<'_, bool> {
    let types = value.js().builtin("util")?.get("types")?;
    Ok(types.call_method("isModuleNamespaceObject", &[value])?.truthy())
}

/// The cell that the namespaces of committed versions read through.
pub(super) fn public_cell(js: Js<'_>, record: &Record) -> Held {
    let known = record.cell.borrow().clone();
    known.unwrap_or_else(|| {
        let cell = js.object().hold();
        *record.cell.borrow_mut() = Some(cell.clone());
        cell
    })
}
