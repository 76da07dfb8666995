//! Instantiation: `$` of each version, the getters that importers read through, and the slots that lead to the getters.

use std::fmt::Write;
use std::rc::Rc;
use std::sync::Arc;

use super::compile::quote;
use super::compile::{Compiled, ExportKind, ImportName, map_comment};
use super::engine::Engine;
use super::link;
use super::record::{Body, ModuleId, Status, Version};
use crate::js::{Held, Js, JsResult, Value};

/// Number of versions of a module whose source maps are kept. A stack may still name a version that was replaced.
const MAPPED: usize = 3;

impl Engine {
    /// Makes `$`, lets an ES module hoist its functions, parses JSON. No statement of the user's runs.
    pub(super) fn instantiate<'s>(&self, js: Js<'s>, version: &Rc<Version>) -> JsResult<'s, ()> {
        match &version.unit.body {
            Body::Module(_) => self.instantiate_module(js, version),
            Body::Json(text) => {
                let text = text.strip_prefix('\u{feff}').unwrap_or(text);
                let parse = js.global()?.get("JSON")?.get("parse")?;
                let parsed = parse.call(js.undefined(), &[js.string(text)]);
                let value = parsed.map_err(|thrown| self.json_error(js, version, thrown))?;
                let pair = self.glue(js, "json", &[value])?;
                Self::set_values(version, pair)
            }
            Body::External if version.unit.url.starts_with("node:") => {
                let namespace = self.load_external(js, version)?;
                self.set_external(js, version, namespace)
            }
            Body::CommonJs(_) | Body::External => Ok(()),
        }
    }

    fn json_error<'s>(
        &self,
        js: Js<'s>,
        version: &Version,
        thrown: crate::js::Thrown<'s>,
    ) -> crate::js::Thrown<'s> {
        let url = version.unit.url.as_str();
        let message = thrown.0.get("message").map(Value::display).unwrap_or_default();
        let path = super::resolve::url::FileUrl::parse(url)
            .map_or_else(|_| url.to_owned(), |url| url.path.display().to_string());
        self.error_with_code(js, "SyntaxError", "", &format!("{path}: {message}"))
    }

    fn instantiate_module<'s>(&self, js: Js<'s>, version: &Rc<Version>) -> JsResult<'s, ()> {
        let Some(code) = version.unit.code() else {
            return Ok(());
        };
        let known = version.live.borrow().function.clone();
        let function = if let Some(function) = known {
            function.get(js)
        } else {
            let loaded = self.load_function(js, &version.unit.url, code);
            loaded.map_err(|thrown| self.early_error(js, version, thrown))?
        };
        let module = js.count(version.module);
        let scope = self.glue(js, "scope", &[module, js.number(f64::from(version.serial))])?;
        self.host().scope(js, version, scope)?;
        let generator = if code.has_await {
            let pair = self.glue(js, "instantiateAsync", &[function, scope])?;
            self.hoisting.borrow_mut().push(pair.item(1)?.hold());
            pair.item(0)?
        } else {
            self.glue(js, "instantiate", &[function, scope])?
        };
        let mut live = version.live.borrow_mut();
        live.scope = Some(scope.hold());
        live.function = Some(function.hold());
        live.generator = Some(generator.hold());
        Ok(())
    }

    /// Compiles the function of an ES module. Its source map is kept here until a stack names the file.
    fn load_function<'s>(&self, js: Js<'s>, url: &str, code: &Arc<Compiled>) -> JsResult<'s> {
        self.note_mapped(url, code);
        self.glue(js, "load", &[js.string(&code.code), js.string(url)])
    }

    /// Notes the newest code of a URL for its source map. Returns whether another version's map counted before.
    fn note_mapped(&self, url: &str, code: &Arc<Compiled>) -> bool {
        let mut mapped = self.mapped.borrow_mut();
        let versions = mapped.entry(url.to_owned()).or_default();
        if versions.last().is_some_and(|last| Arc::ptr_eq(last, code)) {
            return false;
        }
        versions.retain(|known| !Arc::ptr_eq(known, code));
        versions.push(Arc::clone(code));
        if versions.len() > MAPPED {
            versions.remove(0);
        }
        versions.len() > 1
    }

    /// Lets the source maps of the running versions of these modules count again, after newer versions have failed.
    pub(super) fn map_what_runs<'s>(
        &self,
        js: Js<'s>,
        modules: impl Iterator<Item = ModuleId>,
    ) -> JsResult<'s, ()> {
        for current in modules.filter_map(|id| self.current(id)) {
            let Some(code) = current.unit.code() else { continue };
            let url = &current.unit.url;
            let was_loaded = self.mapped.borrow().contains_key(url);
            if was_loaded && self.note_mapped(url, code) {
                self.glue(js, "remap", &[js.string(url)])?;
            }
        }
        Ok(())
    }

    /// The comment with the source map of `code`, or without it of the code that was loaded last under the URL.
    pub(super) fn map_comment(&self, url: &str, code: Option<&str>) -> Option<String> {
        let mapped = self.mapped.borrow();
        let mut versions = mapped.get(url)?.iter().rev();
        let version = versions.find(|version| code.is_none_or(|code| version.code == code))?;
        Some(map_comment(url, version.map.as_deref()?))
    }

    /// Sets `[env, names]` of a module that has values and no bindings: JSON, CommonJS, and what Node loads.
    pub(super) fn set_values<'s>(version: &Version, pair: Value<'s>) -> JsResult<'s, ()> {
        let names = pair.item(1)?.items()?;
        let mut names: Vec<String> = names.into_iter().filter_map(Value::text).collect();
        names.sort_by(|one, two| one.encode_utf16().cmp(two.encode_utf16()));
        *version.names.borrow_mut() = Some(names.into());
        version.live.borrow_mut().env = Some(pair.item(0)?.hold());
        Ok(())
    }

    /// Makes the getters of a module's exports.
    pub(super) fn make_env<'s>(&self, js: Js<'s>, version: &Rc<Version>) -> JsResult<'s, ()> {
        let Some(scope) = version.scope().filter(|_| version.unit.code().is_some()) else {
            return Ok(());
        };
        let scope = scope.get(js);
        let env = match self.getters(js, version, scope, link::star_names(version))? {
            Some(made) => self.glue(js, "env", &[scope, made])?,
            None => self.glue(js, "env", &[scope])?,
        };
        version.live.borrow_mut().env = Some(env.hold());
        Ok(())
    }

    /// Getters for what a module re-exports. They are made from text, so that V8 compiles a function for each.
    fn getters<'s>(
        &self,
        js: Js<'s>,
        version: &Rc<Version>,
        scope: Value<'s>,
        stars: Vec<(String, usize)>,
    ) -> JsResult<'s, Option<Value<'s>>> {
        let is_long = version.measure_chain();
        let read = |request: usize, name: &str| {
            if is_long {
                format!("$.far({request},{name})")
            } else {
                format!("$[{request}][{name}]")
            }
        };
        let mut text = String::new();
        let exports = version.unit.code().map_or(&[][..], |code| &code.exports);
        for export in exports {
            let _ = match &export.kind {
                ExportKind::Indirect {
                    name,
                    request,
                    imported,
                } => write!(
                    text,
                    "get {}(){{return {}}},",
                    quote::string(name),
                    read(*request, &quote::string(imported))
                ),
                ExportKind::Namespace { name, request } => {
                    write!(text, "get {}(){{return $.n{request}}},", quote::string(name))
                }
                ExportKind::Local { .. } | ExportKind::Star { .. } => Ok(()),
            };
        }
        for (name, request) in stars {
            let name = quote::string(&name);
            let _ = write!(text, "get {name}(){{return {}}},", read(request, &name));
        }
        if text.is_empty() {
            return Ok(None);
        }
        let make = self.glue(js, "evaluate", &[js.string(&format!("($)=>({{{text}}})"))])?;
        make.call(js.undefined(), &[scope]).map(Some)
    }

    /// Adds getters for names that became known only when a target of `export *` had run.
    pub(super) fn extend_env<'s>(&self, js: Js<'s>, version: &Rc<Version>) -> JsResult<'s, ()> {
        let (Some(scope), Some(env)) = (version.scope(), version.env()) else {
            return Ok(());
        };
        let stars = link::star_names(version);
        if !stars.is_empty()
            && let Some(made) = self.getters(js, version, scope.get(js), stars)?
        {
            self.glue(js, "extend", &[env.get(js), made])?;
        }
        Ok(())
    }

    /// Leads the slots of a module to its imports' current versions. Imports whose names are not known before they run are
    /// left out until then.
    pub(super) fn bind<'s>(&self, js: Js<'s>, version: &Rc<Version>) -> JsResult<'s, ()> {
        let (Some(code), Some(scope)) = (version.unit.code(), version.scope()) else {
            return Ok(());
        };
        let scope = scope.get(js);
        let is_loose = version.unit.is_loose();
        for (index, target) in version.links.borrow().clone().iter().enumerate() {
            let slot = u32::try_from(index).unwrap_or(u32::MAX);
            match target {
                None => scope.set_item(slot, js.object())?,
                Some(target) => match self.env_for(js, target, is_loose)? {
                    Some(env) => scope.set_item(slot, env.get(js))?,
                    None => version.has_late_names.set(true),
                },
            }
        }
        let namespaces = code.imports.iter().filter_map(|import| match import.name {
            ImportName::Namespace { slot } => Some((import.request, u32::try_from(slot).ok()?)),
            ImportName::Name(_) => None,
        });
        for (request, slot) in namespaces {
            let target = version.link(request);
            if let Some(namespace) = self.namespace_if_known(js, version, target.as_ref())? {
                scope.set_item(slot, namespace)?;
            }
        }
        for export in &code.exports {
            if let ExportKind::Namespace { request, .. } = export.kind {
                let target = version.link(request);
                if let Some(namespace) = self.namespace_if_known(js, version, target.as_ref())? {
                    scope.set(&format!("n{request}"), namespace)?;
                }
            }
        }
        Ok(())
    }

    /// The namespace of a target for an importer; none while the target's names are not complete, because it has not run.
    fn namespace_if_known<'s>(
        &self,
        js: Js<'s>,
        importer: &Version,
        target: Option<&Rc<Version>>,
    ) -> JsResult<'s, Option<Value<'s>>> {
        match target {
            Some(target) if target.has_late_names.get() && importer.status.get() == Status::New => {
                importer.has_late_names.set(true);
                Ok(None)
            }
            Some(target) if target.env().is_some() => {
                self.namespace_for(js, target, importer.unit.is_loose()).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// The getters of a target that an importer reads through.
    pub(super) fn env_for<'s>(
        &self,
        js: Js<'s>,
        target: &Rc<Version>,
        is_loose: bool,
    ) -> JsResult<'s, Option<Held>> {
        if target.env().is_none() && matches!(target.unit.body, Body::CommonJs(_)) {
            self.read_exports(js, target)?;
        }
        let Some(env) = target.env() else {
            return Ok(None);
        };
        if !is_loose || !self.is_common_js(js, target) {
            return Ok(Some(env));
        }
        let known = target.live.borrow().interop.as_ref().map(|(env, _)| env.clone());
        if let Some(known) = known {
            return Ok(Some(known));
        }
        let made = self.glue(js, "interop", &[env.get(js)])?;
        if made.is_undefined() {
            return Ok(Some(env));
        }
        target.live.borrow_mut().interop = Some((made.hold(), None));
        Ok(Some(made.hold()))
    }
}
