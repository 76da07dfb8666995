//! Importers that stay while what they import is replaced: what they would miss, and where their bindings lead.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::check;
use super::compile::ExportKind;
use super::engine::Engine;
use super::record::{ModuleId, Version};
use super::staged::Stage;
use crate::js::{Js, JsResult};

impl Engine {
    /// Checks the names that importers outside of the stage import from staged modules, directly or through re-exports.
    pub(super) fn check_importers(
        &self,
        mut waiting: Vec<ModuleId>,
        staged: &dyn Fn(ModuleId) -> Option<Rc<Version>>,
    ) -> Result<(), check::LinkError> {
        let mut seen: BTreeSet<ModuleId> = BTreeSet::new();
        let mut checked: Vec<Rc<Version>> = Vec::new();
        while let Some(id) = waiting.pop() {
            let importers = self.record(id).map(|record| record.importers.borrow().clone());
            for importer in importers.unwrap_or_default() {
                if staged(importer).is_some() || !seen.insert(importer) {
                    continue;
                }
                let current = self.current(importer);
                let Some(current) = current else {
                    continue;
                };
                *current.all_names.borrow_mut() = None;
                current.is_checked.set(false);
                if re_exports(&current) {
                    waiting.push(importer);
                }
                checked.push(current);
            }
        }
        let staged = |version: &Version| staged(version.module);
        let old: Vec<_> = checked.iter().map(|version| relink(version, &staged)).collect();
        let result = checked.iter().try_for_each(check::names);
        for (version, links) in checked.iter().zip(old) {
            *version.links.borrow_mut() = links;
        }
        result
    }

    /// Checks the names that importers outside of the stage import from CommonJS, whose names are known once it ran.
    pub(super) fn check_late<'s>(&self, js: Js<'s>, stage: &Stage) -> JsResult<'s, ()> {
        let versions = stage.order.iter().filter_map(|id| stage.version(*id));
        let late = versions.filter(|version| version.unit.names_come_late());
        let late = late.map(|version| version.module).collect();
        self.check_importers(late, &|id| stage.version(id))
            .map_err(|error| self.link_error(js, &error))
    }

    /// Leads the slots of importers outside of the stage to the new versions.
    pub(super) fn rewire<'s>(&self, js: Js<'s>, stage: &Rc<Stage>) -> JsResult<'s, ()> {
        self.glue(js, "rewired", &[])?;
        let mut importers = BTreeSet::new();
        for &id in &stage.order {
            if let Some(record) = self.record(id) {
                importers.extend(record.importers.borrow().iter().copied());
            }
        }
        importers.retain(|id| stage.version(*id).is_none());
        let staged = |version: &Version| stage.version(version.module);
        let mut with_stars = Vec::new();
        for id in importers {
            let current = self.current(id);
            let Some(current) = current else {
                continue;
            };
            relink(&current, &staged);
            self.bind(js, &current)?;
            if let Some(scope) = current.scope() {
                scope.get(js).call_method("z", &[])?;
            }
            if !current.unit.table().stars.is_empty() {
                with_stars.push(current);
            }
        }
        // New names may reach importers of importers, through `export *`.
        let mut seen = BTreeSet::new();
        while let Some(version) = with_stars.pop() {
            if !seen.insert(version.module) {
                continue;
            }
            self.extend_env(js, &version)?;
            let importers = self
                .record(version.module)
                .map(|record| record.importers.borrow().clone());
            for importer in importers.unwrap_or_default() {
                let current = self.current(importer);
                with_stars.extend(current.filter(|current| !current.unit.table().stars.is_empty()));
            }
        }
        Ok(())
    }
}

fn re_exports(version: &Version) -> bool {
    let exports = version.unit.code().map_or(&[][..], |code| &code.exports);
    exports
        .iter()
        .any(|export| matches!(export.kind, ExportKind::Indirect { .. } | ExportKind::Star { .. }))
}

/// Replaces the links of a version by those that `new` gives. Returns the old ones.
fn relink(version: &Version, new: &dyn Fn(&Version) -> Option<Rc<Version>>) -> Vec<Option<Rc<Version>>> {
    let old = version.links.borrow().clone();
    let links = old.iter().map(|link| {
        let link = link.as_ref()?;
        Some(new(link).unwrap_or_else(|| Rc::clone(link)))
    });
    let links = links.collect();
    *version.links.borrow_mut() = links;
    old
}
