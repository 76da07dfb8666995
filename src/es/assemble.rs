//! Everything that a module statically reaches: read, compiled, linked and instantiated before any of it runs.

use std::collections::HashMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use super::compile::ImportName;
use super::engine::Engine;
use super::record::{Body, ModuleId, Record, Status, Unit, Version};
use super::resolve::{FileFormat, Resolved};
use super::source::SourceError;
use super::{check, link};
use crate::js::{Js, JsResult};

/// New versions that are made together.
#[derive(Default)]
pub struct Assembly {
    /// The new versions, in the order in which they were found.
    pub made: Vec<Rc<Version>>,
    /// Whether the new versions are those of a stage: until it is committed, other modules keep the versions that they have.
    is_staged: bool,
    by_module: HashMap<ModuleId, usize>,
}

impl Assembly {
    /// The new versions of a stage, none so far.
    pub fn of_stage() -> Self {
        Self {
            is_staged: true,
            ..Self::default()
        }
    }

    /// The new version of a module.
    pub fn version(&self, id: ModuleId) -> Option<Rc<Version>> {
        self.by_module
            .get(&id)
            .and_then(|&index| self.made.get(index))
            .cloned()
    }

    /// Adds a version.
    pub fn add(&mut self, version: &Rc<Version>) {
        self.by_module.insert(version.module, self.made.len());
        self.made.push(Rc::clone(version));
    }
}

impl Engine {
    /// The version of a module that an import gets. The version and everything that it statically reaches are linked.
    pub fn ready<'s>(&self, js: Js<'s>, id: ModuleId) -> JsResult<'s, Rc<Version>> {
        if let Some(version) = self.version_of(id) {
            return Ok(version);
        }
        let Some(record) = self.record(id) else {
            return Err(js.error("Error", "node-hmr: no such module"));
        };
        let mut assembly = Assembly::default();
        let outcome = self.unit_of(js, &record).and_then(|unit| {
            assembly.add(&Version::new(&record, unit));
            self.assemble(js, &mut assembly)
        });
        if let Err(thrown) = outcome {
            disassemble(&assembly);
            return Err(thrown);
        }
        for version in &assembly.made {
            self.publish(version);
        }
        for version in &assembly.made {
            self.host().made(js, version);
        }
        match assembly.version(id) {
            Some(version) => Ok(version),
            None => Err(js.error("Error", "node-hmr: no such module")),
        }
    }

    /// Makes a version the current one of its module.
    pub(super) fn publish(&self, version: &Rc<Version>) {
        let Some(record) = self.record(version.module) else {
            return;
        };
        *record.current.borrow_mut() = Some(Rc::clone(version));
        for target in version.links.borrow().iter().flatten() {
            if let Some(target) = self.record(target.module) {
                target.importers.borrow_mut().insert(record.id);
            }
        }
    }

    /// The unit of a module.
    pub fn unit_of<'s>(&self, js: Js<'s>, record: &Record) -> JsResult<'s, Arc<Unit>> {
        self.local_unit(record)
            .map_err(|error| self.source_error(js, &error))
    }

    /// The unit of a local module, as it was last loaded.
    pub(super) fn local_unit(&self, record: &Record) -> Result<Arc<Unit>, SourceError> {
        match &record.path {
            Some(path) if record.is_local => self.sources().unit(path, suffix_of(&record.url)),
            _ => {
                let url = record.url.clone();
                Ok(Arc::new(Unit::new(
                    url,
                    PathBuf::new(),
                    Body::External,
                    vec![],
                    0,
                )))
            }
        }
    }

    /// Links the new versions, adds to the assembly what else they reach, and instantiates all of them.
    pub(super) fn assemble<'s>(&self, js: Js<'s>, assembly: &mut Assembly) -> JsResult<'s, ()> {
        let mut next = 0;
        while let Some(version) = assembly.made.get(next).cloned() {
            next += 1;
            self.find_links(js, &version, assembly)?;
        }
        let is_alone = assembly.is_staged && assembly.made.len() == 1;
        for version in &assembly.made {
            js.scope(|js| {
                let instantiated = self.instantiate(js, version, is_alone);
                instantiated.map_err(crate::js::Thrown::hold)
            })
            .map_err(|held| Self::thrown(held.get(js)))?;
        }
        let order = in_order(assembly);
        for version in &order {
            drop_weak_links(version);
            check::names(version).map_err(|error| self.link_error(js, &error))?;
        }
        for version in &order {
            js.scope(|js| self.make_env(js, version).map_err(crate::js::Thrown::hold))
                .map_err(|held| Self::thrown(held.get(js)))?;
        }
        for version in &order {
            js.scope(|js| self.bind(js, version).map_err(crate::js::Thrown::hold))
                .map_err(|held| Self::thrown(held.get(js)))?;
            version.status.set(Status::Linked);
        }
        Ok(())
    }

    fn find_links<'s>(&self, js: Js<'s>, version: &Rc<Version>, assembly: &mut Assembly) -> JsResult<'s, ()> {
        let mut links = Vec::with_capacity(version.unit.resolved.len());
        let requests = version.unit.requests().iter().zip(&version.unit.resolved);
        for ((request, resolved), id) in requests.zip(self.targets(&version.unit)) {
            let resolved = match resolved {
                Ok(resolved) => resolved,
                Err(_) if request.weak => {
                    links.push(None);
                    continue;
                }
                Err(error) => {
                    let thrown = self.resolve_error(js, error);
                    return Err(self.at_import(js, thrown, &version.unit, request));
                }
            };
            let at_import = |thrown| self.at_import(js, thrown, &version.unit, request);
            if !request.attributes.is_empty() {
                self.check_attributes(js, resolved, &request.attributes)
                    .map_err(at_import)?;
            }
            let known = id.and_then(|id| assembly.version(id).or_else(|| self.version_of(id)));
            let target = if let Some(known) = known {
                known
            } else {
                let record = self.record_of(resolved);
                let unit = self.unit_of(js, &record).map_err(at_import)?;
                let target = Version::new(&record, unit);
                assembly.add(&target);
                target
            };
            let is_unread = !target.has_env() && matches!(target.unit.body, Body::CommonJs(_));
            if is_unread && target.status.get() == Status::Evaluated {
                self.read_exports(js, &target)?;
            }
            links.push(Some(target));
        }
        *version.links.borrow_mut() = links;
        Ok(())
    }

    /// Refuses import attributes that Node refuses.
    pub(super) fn check_attributes<'s>(
        &self,
        js: Js<'s>,
        target: &Resolved,
        attributes: &[(String, String)],
    ) -> JsResult<'s, ()> {
        let url = || match target {
            Resolved::File { path, suffix, .. } => super::resolve::url::file_url(path, suffix),
            Resolved::Builtin(name) | Resolved::Other(name) => name.clone(),
        };
        let is_json = match target {
            Resolved::File { path, .. } => {
                matches!(self.sources().resolver.format(path), Ok(FileFormat::Json))
            }
            Resolved::Builtin(_) => false,
            // Node itself checks these.
            Resolved::Other(_) => return Ok(()),
        };
        let is_new = self.node.major >= 21;
        for (key, value) in attributes {
            // Node 20 has a code and words of its own for types that it does not know.
            if key == "type" && value != "json" && !is_new {
                return Err(self.error_with_code(
                    js,
                    "TypeError",
                    "ERR_IMPORT_ASSERTION_TYPE_UNSUPPORTED",
                    &format!("Import attribute type \"{value}\" is unsupported"),
                ));
            }
            if key != "type" || value != "json" {
                let place = if self.node.major >= 24 {
                    format!(" in {}", url())
                } else {
                    String::new()
                };
                let message =
                    format!("Import attribute \"{key}\" with value \"{value}\" is not supported{place}");
                return Err(self.error_with_code(
                    js,
                    "TypeError",
                    "ERR_IMPORT_ATTRIBUTE_UNSUPPORTED",
                    &message,
                ));
            }
            if !is_json {
                let code = if is_new {
                    "ERR_IMPORT_ATTRIBUTE_TYPE_INCOMPATIBLE"
                } else {
                    "ERR_IMPORT_ASSERTION_TYPE_FAILED"
                };
                let message = format!("Module \"{}\" is not of type \"{value}\"", url());
                return Err(self.error_with_code(js, "TypeError", code, &message));
            }
        }
        Ok(())
    }
}

/// Drops each weak request (one that only type annotations use) whose target exports none of the requested names.
fn drop_weak_links(version: &Rc<Version>) {
    let Some(code) = version.unit.code() else {
        return;
    };
    for (index, _) in code
        .requests
        .iter()
        .enumerate()
        .filter(|(_, request)| request.weak)
    {
        let names: Vec<&str> = code
            .imports
            .iter()
            .filter(|import| import.request == index)
            .filter_map(|import| match &import.name {
                ImportName::Name(name) => Some(name.as_str()),
                ImportName::Namespace { .. } => None,
            })
            .collect();
        let is_wanted = version
            .link(index)
            .is_some_and(|target| link::has_any(&target, &names));
        if !is_wanted && let Some(place) = version.links.borrow_mut().get_mut(index) {
            *place = None;
        }
    }
}

/// Drops versions that will not be used.
pub(super) fn disassemble(assembly: &Assembly) {
    for version in &assembly.made {
        version.retire();
    }
}

/// Query and hash of a URL.
pub fn suffix_of(url: &str) -> &str {
    url.find(['?', '#'])
        .and_then(|index| url.get(index..))
        .unwrap_or("")
}

/// The new versions, imported ones before their importers, as Node links them.
fn in_order(assembly: &Assembly) -> Vec<Rc<Version>> {
    let mut order = Vec::with_capacity(assembly.made.len());
    let mut is_seen = vec![false; assembly.made.len()];
    let index_of = |version: &Version| {
        let index = assembly.by_module.get(&version.module).copied();
        index.filter(|&index| {
            assembly
                .made
                .get(index)
                .is_some_and(|made| std::ptr::eq(&raw const **made, version))
        })
    };
    for start in 0..assembly.made.len() {
        let mut stack = vec![(start, 0_usize)];
        if std::mem::replace(&mut is_seen[start], true) {
            continue;
        }
        while let Some((index, next)) = stack.last_mut() {
            let version = &assembly.made[*index];
            let links = version.links.borrow();
            if let Some(link) = links.get(*next) {
                *next += 1;
                if let Some(target) = link.as_ref().and_then(|target| index_of(target))
                    && !std::mem::replace(&mut is_seen[target], true)
                {
                    drop(links);
                    stack.push((target, 0));
                }
            } else {
                order.push(Rc::clone(version));
                drop(links);
                stack.pop();
            }
        }
    }
    order
}
