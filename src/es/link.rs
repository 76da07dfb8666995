//! Which binding a name leads to: ECMAScript's `ResolveExport`, over versions and their links.

use std::collections::HashSet;
use std::rc::Rc;

use super::compile::ExportKind;
use super::record::{ModuleId, Version};

/// The binding or namespace that a name leads to.
#[derive(Clone)]
pub enum Binding {
    /// A binding of that version, with its exported name.
    Name(Rc<Version>, String),
    /// The namespace of that version.
    Namespace(Rc<Version>),
}

impl Binding {
    pub(super) fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Name(one, name), Self::Name(two, other)) => {
                Rc::ptr_eq(one, two) && (name == other || variable_of(one, name) == variable_of(two, other))
            }
            (Self::Namespace(one), Self::Namespace(two)) => Rc::ptr_eq(one, two),
            _ => false,
        }
    }
}

/// The variable that a version exports as `name`.
fn variable_of<'a>(version: &'a Version, name: &'a str) -> &'a str {
    let index = version.unit.table().named.get(name);
    let code = version.unit.code();
    match index.and_then(|&index| Some(&code?.exports.get(index)?.kind)) {
        Some(ExportKind::Local {
            variable: Some(variable),
            ..
        }) => variable,
        _ => name,
    }
}

/// The answer of a search for a name. An error names the export at which V8 reports it.
pub enum Resolution {
    /// The name leads to this binding.
    Found(Binding),
    /// The name leads nowhere. The hop is the re-export that led there.
    Missing(Option<Hop>),
    /// The name leads to two bindings. The hop is the export by which the module with the `export *` was reached.
    Ambiguous(Option<Hop>),
    /// The name leads back to where it started. The hop is the export that closes the circle.
    Circular(Option<Hop>),
}

/// A version, and the place of one of its exports in [`super::compile::Compiled::exports`].
pub type Hop = (Rc<Version>, usize);

/// The hop that led to an `export *`; none if the search began there.
struct Asked(Option<Hop>);

/// One search for a name.
struct Search {
    seen: HashSet<(*const Version, String)>,
    /// Whether the search asked a module whose names are known only after it has run.
    is_late: bool,
}

/// Where `name` of `version` leads, and whether the answer may change once the modules below have run.
pub fn resolve(version: &Rc<Version>, name: &str) -> (Resolution, bool) {
    let mut search = Search {
        seen: HashSet::new(),
        is_late: false,
    };
    let resolution = search.resolve(version, name, None);
    (resolution, search.is_late)
}

impl Search {
    fn resolve(&mut self, version: &Rc<Version>, name: &str, hop: Option<Hop>) -> Resolution {
        let mut before_star = None;
        match (self.follow(version, name, hop, &mut before_star), before_star) {
            // V8 reports a name that no `export *` brings at the `export *`.
            (Resolution::Missing(_) | Resolution::Circular(_), Some(Asked(hop))) => Resolution::Missing(hop),
            (resolution, _) => resolution,
        }
    }

    /// Follows a name. `before_star` becomes the hop that led to the first lone star on the way.
    fn follow(
        &mut self,
        version: &Rc<Version>,
        name: &str,
        mut hop: Option<Hop>,
        before_star: &mut Option<Asked>,
    ) -> Resolution {
        let (mut version, mut name) = (Rc::clone(version), name.to_owned());
        // Re-exports by name and a lone `export *` are followed in this loop, several `export *` by recursion.
        loop {
            if !self.seen.insert((Rc::as_ptr(&version), name.clone())) {
                return Resolution::Circular(hop);
            }
            let Some(code) = version.unit.code() else {
                return self.resolve_in_values(version, name, hop);
            };
            let table = version.unit.table();
            let index = table.named.get(&name).copied();
            let export = index.and_then(|index| code.exports.get(index));
            match export.map(|export| &export.kind) {
                Some(ExportKind::Indirect {
                    request, imported, ..
                }) => {
                    let Some(next) = version.link(*request) else {
                        return Resolution::Missing(hop);
                    };
                    hop = index.map(|index| (Rc::clone(&version), index));
                    name.clone_from(imported);
                    version = next;
                }
                Some(ExportKind::Namespace { request, .. }) => {
                    return version.link(*request).map_or(Resolution::Missing(hop), |target| {
                        Resolution::Found(Binding::Namespace(target))
                    });
                }
                Some(_) => return Resolution::Found(Binding::Name(version, name)),
                None => match table.stars[..] {
                    [request] if name != "default" => {
                        let Some(next) = version.link(request) else {
                            return Resolution::Missing(hop);
                        };
                        let star = star_of(&version, request).map(|index| (Rc::clone(&version), index));
                        before_star.get_or_insert_with(|| Asked(std::mem::replace(&mut hop, star.clone())));
                        hop = star;
                        version = next;
                    }
                    _ => return self.resolve_by_stars(&version, &name, hop),
                },
            }
        }
    }

    /// Looks a name up in a module that has values and no bindings: JSON, CommonJS, and what Node loads.
    fn resolve_in_values(&mut self, version: Rc<Version>, name: String, hop: Option<Hop>) -> Resolution {
        let has = version.names.borrow().as_ref().map(|names| names.contains(&name));
        match has {
            Some(true) => Resolution::Found(Binding::Name(version, name)),
            Some(false) => Resolution::Missing(hop),
            None => {
                self.is_late = true;
                Resolution::Missing(hop)
            }
        }
    }

    fn resolve_by_stars(&mut self, version: &Rc<Version>, name: &str, hop: Option<Hop>) -> Resolution {
        if name == "default" {
            return Resolution::Missing(hop);
        }
        let mut found: Option<Binding> = None;
        let mut ambiguous = None;
        for &request in &version.unit.table().stars {
            let Some(target) = version.link(request) else {
                continue;
            };
            let star = star_of(version, request).map(|index| (Rc::clone(version), index));
            match self.resolve(&target, name, star) {
                Resolution::Found(binding) => match &found {
                    Some(first) if !first.is(&binding) => return Resolution::Ambiguous(hop),
                    _ => found = Some(binding),
                },
                // As V8 does: another `export *` may bring the name all the same.
                Resolution::Ambiguous(hop) => ambiguous = Some(Resolution::Ambiguous(hop)),
                Resolution::Missing(_) | Resolution::Circular(_) => {}
            }
        }
        match (found, ambiguous) {
            (Some(binding), _) => Resolution::Found(binding),
            (None, Some(ambiguous)) => ambiguous,
            (None, None) => Resolution::Missing(hop),
        }
    }
}

/// Index of the `export *` of a request.
fn star_of(version: &Version, request: usize) -> Option<usize> {
    let exports = &version.unit.code()?.exports;
    exports
        .iter()
        .position(|export| matches!(export.kind, ExportKind::Star { request: other } if other == request))
}

/// Whether two versions of a module export the same names, and lead each to the same place, given what they import.
pub fn export_alike(old: &Version, new: &Version) -> bool {
    if old.unit.code().is_none() || new.unit.code().is_none() {
        let (before, now) = (old.names.borrow(), new.names.borrow());
        let is_same_kind = old.unit.code().is_none() && new.unit.code().is_none();
        return is_same_kind && before.is_some() && *before == *now;
    }
    let (before, now) = (old.unit.table(), new.unit.table());
    let leads_alike = |(name, index): (&String, &usize)| {
        let other = now.named.get(name);
        other.is_some_and(|other| leads_to(old, *index) == leads_to(new, *other))
    };
    let target = |version: &Version, request: &usize| version.link(*request).map(|target| target.module);
    let old_stars = before.stars.iter().map(|request| target(old, request));
    let new_stars = now.stars.iter().map(|request| target(new, request));
    before.named.len() == now.named.len() && before.named.iter().all(leads_alike) && old_stars.eq(new_stars)
}

/// The module that an export leads to, with the name there, if it is one name.
fn leads_to(version: &Version, index: usize) -> Option<(Option<ModuleId>, Option<&str>)> {
    let export = version.unit.code()?.exports.get(index)?;
    let target = |request: usize| version.link(request).map(|target| target.module);
    match &export.kind {
        ExportKind::Indirect {
            request, imported, ..
        } => Some((target(*request), Some(imported))),
        ExportKind::Namespace { request, .. } | ExportKind::Star { request } => {
            Some((target(*request), None))
        }
        ExportKind::Local { .. } => None,
    }
}

/// Whether the version exports one of the names that a weak request asks for.
pub fn has_any(version: &Rc<Version>, names: &[&str]) -> bool {
    names.iter().any(|name| {
        let (resolution, is_late) = resolve(version, name);
        is_late || matches!(resolution, Resolution::Found(_))
    })
}
