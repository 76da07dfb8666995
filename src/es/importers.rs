//! Importers that stay while what they import is replaced: what they would miss, and where their bindings lead.
//!
//! The cost depends on what changed: of an importer with thousands of imports, only those are looked at that lead to a
//! replaced module, or to one that re-exports names of it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

use super::check::{self, LinkError};
use super::compile::ExportKind;
use super::engine::Engine;
use super::link;
use super::record::{ModuleId, Version};
use super::staged::Stage;
use crate::js::{Js, JsResult};

/// Gives the staged version of a module.
type Staged<'a> = &'a dyn Fn(ModuleId) -> Option<Rc<Version>>;

/// An importer outside of a stage, with its requests that names of replaced modules come through.
struct Concerned {
    version: Rc<Version>,
    requests: Vec<usize>,
}

/// The state of an importer before its names were checked against staged versions.
struct Before {
    /// The links that led to replaced versions, each with its request.
    links: Vec<(usize, Option<Rc<Version>>)>,
    is_checked: bool,
    has_late_names: bool,
}

impl Engine {
    /// The modules among these new versions whose exports may lead elsewhere than those of the running version. As long as
    /// there are none, every name in the program leads to where it led.
    pub(super) fn unlike(&self, versions: &[Rc<Version>]) -> Vec<ModuleId> {
        let is_unlike = |new: &&Rc<Version>| {
            let old = self.current(new.module);
            old.is_none_or(|old| !link::export_alike(&old, new))
        };
        let unlike = versions.iter().filter(is_unlike);
        unlike.map(|version| version.module).collect()
    }

    /// Checks the names that importers outside of the stage import from these staged modules, directly or through re-exports.
    /// Returns whether some of them depend on modules that have not run.
    pub(super) fn check_importers(
        &self,
        changed: Vec<ModuleId>,
        staged: Staged<'_>,
    ) -> Result<bool, LinkError> {
        let concerned = self.concerned(changed, staged);
        let before: Vec<Before> = concerned.iter().map(|it| it.begin_check(staged)).collect();
        let mut is_unsure = false;
        let result = concerned.iter().zip(&before).try_for_each(|(it, before)| {
            let is_late = if before.has_late_names {
                check::names(&it.version)?;
                it.version.has_late_names.get()
            } else {
                check::names_of(&it.version, &it.requests)?
            };
            it.version.is_checked.set(true);
            is_unsure |= is_late;
            Ok(())
        });
        for (it, before) in concerned.iter().zip(before) {
            it.version.put_back(before);
        }
        result.map(|()| is_unsure)
    }

    /// Leads the slots of importers outside of the stage to the new versions. `changed` are the staged modules whose exports
    /// may lead elsewhere than before.
    pub(super) fn rewire<'s>(
        &self,
        js: Js<'s>,
        stage: &Rc<Stage>,
        changed: Vec<ModuleId>,
    ) -> JsResult<'s, ()> {
        self.glue(js, "rewired", &[])?;
        let staged = |id: ModuleId| stage.version(id);
        let mut importers: BTreeMap<ModuleId, Concerned> = BTreeMap::new();
        for &id in &stage.order {
            for importer in self.importers_of(id) {
                if staged(importer.module).is_none() {
                    let requests: Vec<usize> = importer.requests_to(id).collect();
                    let concerned = importers.entry(importer.module);
                    let concerned = concerned.or_insert_with(|| Concerned::new(importer));
                    concerned.requests.extend(requests);
                }
            }
        }
        for it in importers.values() {
            it.link_to(&staged);
            self.bind_requests(js, &it.version, &it.requests)?;
            if let Some(scope) = it.version.scope() {
                scope.get(js).call_method("z", &[])?;
            }
        }
        let mut concerned = self.concerned(changed, &staged);
        concerned.retain(Concerned::has_stars);
        for it in &concerned {
            *it.version.all_names.borrow_mut() = None;
        }
        for it in &concerned {
            self.extend_env(js, &it.version)?;
        }
        Ok(())
    }

    /// The importers outside of the stage that names of these modules reach, directly or through re-exports.
    fn concerned(&self, changed: Vec<ModuleId>, staged: Staged<'_>) -> Vec<Concerned> {
        let mut found: Vec<Concerned> = Vec::new();
        let mut places: HashMap<ModuleId, usize> = HashMap::new();
        let mut seen: HashSet<ModuleId> = changed.iter().copied().collect();
        let mut waiting = changed;
        while let Some(id) = waiting.pop() {
            for current in self.importers_of(id) {
                let module = current.module;
                let new = staged(module);
                let requests: Vec<usize> = new.as_ref().unwrap_or(&current).requests_to(id).collect();
                if new.as_ref().unwrap_or(&current).re_exports(&requests) && seen.insert(module) {
                    waiting.push(module);
                }
                if new.is_none() {
                    let place = *places.entry(module).or_insert_with(|| {
                        found.push(Concerned::new(current));
                        found.len() - 1
                    });
                    if let Some(it) = found.get_mut(place) {
                        it.requests.extend(requests);
                    }
                }
            }
        }
        found
    }

    /// The running versions that import a module statically.
    fn importers_of(&self, id: ModuleId) -> Vec<Rc<Version>> {
        let Some(record) = self.record(id) else {
            return Vec::new();
        };
        let importers = record.importers.borrow();
        importers.iter().filter_map(|id| self.current(*id)).collect()
    }
}

impl Concerned {
    fn new(version: Rc<Version>) -> Self {
        Self {
            version,
            requests: Vec::new(),
        }
    }

    /// Links the requests to the staged versions, and forgets what was found out about the names.
    fn begin_check(&self, staged: Staged<'_>) -> Before {
        let version = &self.version;
        *version.all_names.borrow_mut() = None;
        Before {
            links: self.link_to(staged),
            is_checked: version.is_checked.replace(false),
            has_late_names: version.has_late_names.get(),
        }
    }

    /// Links the requests to the staged versions. Returns the old links.
    fn link_to(&self, staged: Staged<'_>) -> Vec<(usize, Option<Rc<Version>>)> {
        let mut links = self.version.links.borrow_mut();
        let mut old = Vec::new();
        for &request in &self.requests {
            if let Some(link) = links.get_mut(request)
                && let Some(new) = link.as_ref().and_then(|link| staged(link.module))
            {
                old.push((request, link.replace(new)));
            }
        }
        old
    }

    /// Whether `export *` brings names through these requests.
    fn has_stars(&self) -> bool {
        let brings = |kind: &ExportKind| matches!(kind, ExportKind::Star { .. });
        self.version.has_export(&self.requests, brings)
    }
}

impl Version {
    /// Whether names of these requests are exported from here as well.
    fn re_exports(&self, requests: &[usize]) -> bool {
        let passes =
            |kind: &ExportKind| matches!(kind, ExportKind::Indirect { .. } | ExportKind::Star { .. });
        self.has_export(requests, passes)
    }

    fn has_export(&self, requests: &[usize], is_it: impl Fn(&ExportKind) -> bool) -> bool {
        let Some(code) = self.unit.code() else {
            return false;
        };
        let uses = self.unit.uses();
        let mut exports = requests.iter().flat_map(|request| uses.exports(*request));
        exports.any(|index| code.exports.get(index).is_some_and(|export| is_it(&export.kind)))
    }

    fn put_back(&self, before: Before) {
        let mut links = self.links.borrow_mut();
        for (request, old) in before.links {
            if let Some(link) = links.get_mut(request) {
                *link = old;
            }
        }
        self.is_checked.set(before.is_checked);
        self.has_late_names.set(before.has_late_names);
    }
}
