//! Instantiation: `$` of each version, the getters that importers read through, and the slots that lead to the getters.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use super::compile::{Compiled, Export, ExportKind, Import, ImportName, map_comment};
use super::engine::Engine;
use super::opening::told;
use super::record::{Body, ModuleId, Status, Unit, Version};
use super::stars;
use crate::js::{Js, JsResult, Value};

/// Number of versions of a module whose source maps are kept. A stack may still name a version that was replaced.
const MAPPED: usize = 3;

impl Engine {
    /// Makes `$`, lets an ES module hoist its functions, parses JSON. No statement of the user's runs. `is_alone`: no other
    /// module is evaluated with this one.
    pub(super) fn instantiate<'s>(
        &self,
        js: Js<'s>,
        version: &Rc<Version>,
        is_alone: bool,
    ) -> JsResult<'s, ()> {
        match &version.unit.body {
            Body::Module(_) => self.instantiate_module(js, version, is_alone),
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

    fn instantiate_module<'s>(&self, js: Js<'s>, version: &Rc<Version>, is_alone: bool) -> JsResult<'s, ()> {
        let Some(code) = version.unit.code() else {
            return Ok(());
        };
        let model = version.live.borrow_mut().model.take();
        let alone = if is_alone && model.is_none() {
            code.code_alone()
        } else {
            None
        };
        version.is_alone.set(alone.is_some());
        let model = if let Some(model) = model {
            model.get(js)
        } else {
            let text = alone.as_ref().unwrap_or(&code.code);
            let loaded = self.load_function(js, &version.unit, code, text);
            loaded.map_err(|thrown| self.early_error(js, version, thrown))?
        };
        let module = js.count(version.module);
        let args = [model, module, js.number(f64::from(version.serial))];
        let scope = if code.has_await {
            let pair = self.glue(js, "instantiateAsync", &args)?;
            self.hoisting.borrow_mut().add(pair.item(1)?.hold());
            pair.item(0)?
        } else if alone.is_some() {
            self.glue(js, "instantiateAlone", &args)?
        } else {
            self.glue(js, "instantiate", &args)?
        };
        version.is_waiting.set(true);
        version.live.borrow_mut().scope = Some(scope.hold());
        Ok(())
    }

    /// Compiles the function of an ES module from `text`, one of the forms of `code`. Its source map is kept here until a
    /// stack names the file.
    fn load_function<'s>(&self, js: Js<'s>, unit: &Unit, code: &Arc<Compiled>, text: &str) -> JsResult<'s> {
        let url = unit.url.as_str();
        self.note_mapped(url, code);
        let may_evaluate = text.contains("eval") || text.contains("Function");
        let args = [
            js.string(text),
            js.string(url),
            js.boolean(may_evaluate),
            js.number(told(unit.hash)),
        ];
        self.glue(js, "load", &args)
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
        let version = versions.find(|version| {
            code.is_none_or(|code| version.code == code || version.code_alone().is_some_and(|it| it == code))
        })?;
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

    /// Makes the getters of what a module exports from elsewhere. Those of its own exports are there since it was
    /// instantiated.
    pub(super) fn make_env<'s>(&self, js: Js<'s>, version: &Rc<Version>) -> JsResult<'s, ()> {
        let exports = version.unit.code().map_or(&[][..], |code| &code.exports);
        let is_own = |kind: &ExportKind| matches!(kind, ExportKind::Local { .. });
        if exports.iter().all(|export| is_own(&export.kind)) {
            return Ok(());
        }
        let Some(scope) = version.scope() else {
            return Ok(());
        };
        let stars = stars::star_names(version);
        let reads = Self::reads_elsewhere(js, exports, &stars);
        *version.stars.borrow_mut() = stars;
        self.make_getters(js, version, "reExport", scope.get(js), &reads)
    }

    /// What a module re-exports, as `elsewhere` of `glue.js` takes it: three values for each name.
    fn reads_elsewhere<'s>(js: Js<'s>, exports: &[Export], stars: &[(String, usize)]) -> Vec<Value<'s>> {
        let mut reads = Vec::new();
        for export in exports {
            let (name, request, imported) = match &export.kind {
                ExportKind::Indirect {
                    name,
                    request,
                    imported,
                } => (name, *request, js.string(imported)),
                ExportKind::Namespace { name, request } => (name, *request, js.undefined()),
                ExportKind::Local { .. } | ExportKind::Star { .. } => continue,
            };
            reads.extend([js.string(name), js.count(request), imported]);
        }
        for (name, request) in stars {
            let name = js.string(name);
            reads.extend([name, js.count(*request), name]);
        }
        reads
    }

    fn make_getters<'s>(
        &self,
        js: Js<'s>,
        version: &Version,
        function: &'static str,
        scope: Value<'s>,
        reads: &[Value<'s>],
    ) -> JsResult<'s, ()> {
        if !reads.is_empty() {
            let is_long = js.boolean(version.measure_chain());
            self.glue(js, function, &[scope, js.array(reads), is_long])?;
        }
        Ok(())
    }

    /// Makes getters for names that another `export *` brings now, or that became known when a target of one had run.
    pub(super) fn extend_env<'s>(&self, js: Js<'s>, version: &Rc<Version>) -> JsResult<'s, ()> {
        let Some(scope) = version.scope() else {
            return Ok(());
        };
        let stars = stars::star_names(version);
        let moved: Vec<(String, usize)> = {
            let before = version.stars.borrow();
            let before: HashMap<&str, usize> = before
                .iter()
                .map(|(name, request)| (name.as_str(), *request))
                .collect();
            let has_moved = |(name, request): &&(String, usize)| before.get(name.as_str()) != Some(request);
            stars.iter().filter(has_moved).cloned().collect()
        };
        *version.stars.borrow_mut() = stars;
        let reads = Self::reads_elsewhere(js, &[], &moved);
        self.make_getters(js, version, "extend", scope.get(js), &reads)
    }

    /// Leads the slots of a module to its imports' current versions. Imports whose names are not known before they run are
    /// left out until then.
    pub(super) fn bind<'s>(&self, js: Js<'s>, version: &Rc<Version>) -> JsResult<'s, ()> {
        let (Some(code), Some(scope)) = (version.unit.code(), version.scope()) else {
            return Ok(());
        };
        let scope = scope.get(js);
        let count = version.links.borrow().len();
        for request in 0..count {
            self.bind_slot(js, version, scope, request)?;
        }
        for import in &code.imports {
            self.bind_import(js, version, scope, import)?;
        }
        for export in &code.exports {
            self.bind_export(js, version, scope, export)?;
        }
        Ok(())
    }

    /// As [`Self::bind`], of these requests alone.
    pub(super) fn bind_requests<'s>(
        &self,
        js: Js<'s>,
        version: &Rc<Version>,
        requests: &[usize],
    ) -> JsResult<'s, ()> {
        let (Some(code), Some(scope)) = (version.unit.code(), version.scope()) else {
            return Ok(());
        };
        let (scope, uses) = (scope.get(js), version.unit.uses());
        for &request in requests {
            self.bind_slot(js, version, scope, request)?;
            let imports = uses.imports(request);
            for import in imports.filter_map(|index| code.imports.get(index)) {
                self.bind_import(js, version, scope, import)?;
            }
            let exports = uses.exports(request);
            for export in exports.filter_map(|index| code.exports.get(index)) {
                self.bind_export(js, version, scope, export)?;
            }
        }
        Ok(())
    }

    fn bind_slot<'s>(
        &self,
        js: Js<'s>,
        version: &Rc<Version>,
        scope: Value<'s>,
        request: usize,
    ) -> JsResult<'s, ()> {
        let slot = u32::try_from(request).unwrap_or(u32::MAX);
        match version.link(request) {
            None => scope.set_item(slot, js.object())?,
            Some(target) => match self.env_for(js, &target, version.unit.is_loose())? {
                Some(env) => scope.set_item(slot, env)?,
                None => version.has_late_names.set(true),
            },
        }
        Ok(())
    }

    fn bind_import<'s>(
        &self,
        js: Js<'s>,
        version: &Rc<Version>,
        scope: Value<'s>,
        import: &Import,
    ) -> JsResult<'s, ()> {
        let ImportName::Namespace { slot } = import.name else {
            return Ok(());
        };
        let slot = u32::try_from(slot).unwrap_or(u32::MAX);
        let target = version.link(import.request);
        match self.namespace_if_known(js, version, target.as_ref())? {
            Some(namespace) => scope.set_item(slot, namespace),
            None => Ok(()),
        }
    }

    fn bind_export<'s>(
        &self,
        js: Js<'s>,
        version: &Rc<Version>,
        scope: Value<'s>,
        export: &Export,
    ) -> JsResult<'s, ()> {
        let ExportKind::Namespace { request, .. } = export.kind else {
            return Ok(());
        };
        let target = version.link(request);
        match self.namespace_if_known(js, version, target.as_ref())? {
            Some(namespace) => scope.set(&format!("n{request}"), namespace),
            None => Ok(()),
        }
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
            Some(target) if target.has_env() => {
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
    ) -> JsResult<'s, Option<Value<'s>>> {
        if !target.has_env() && matches!(target.unit.body, Body::CommonJs(_)) {
            self.read_exports(js, target)?;
        }
        let Some(env) = target.env(js)? else {
            return Ok(None);
        };
        if !is_loose || !self.is_common_js(js, target) {
            return Ok(Some(env));
        }
        let known = target.live.borrow().interop.as_ref().map(|(env, _)| env.clone());
        if let Some(known) = known {
            return Ok(Some(known.get(js)));
        }
        let made = self.glue(js, "interop", &[env])?;
        if made.is_undefined() {
            return Ok(Some(env));
        }
        target.live.borrow_mut().interop = Some((made.hold(), None));
        Ok(Some(made))
    }
}
