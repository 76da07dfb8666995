//! Whether each name that is imported or re-exported leads to a binding, before anything runs.

use std::collections::HashSet;
use std::rc::Rc;

use super::compile::{Compiled, ExportKind, ImportName};
use super::link::{Hop, Resolution, resolve};
use super::record::Version;

/// An imported or re-exported name that leads nowhere.
pub struct LinkError {
    /// The name that was asked for.
    pub name: String,
    /// The specifier of the module that should export the name, as it is written.
    pub specifier: String,
    /// What is wrong.
    pub fault: Fault,
    /// Line of the import, from 1.
    pub line: u32,
    /// Column of the import, from 1.
    pub column: u32,
    /// The file with the import.
    pub version: Rc<Version>,
    /// The module that should export the name.
    pub target: Rc<Version>,
}

/// What is wrong with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// There is no such export.
    Missing,
    /// Two `export *` bring different bindings of that name.
    Ambiguous,
    /// Re-exports lead in a circle.
    Circular,
}

/// Checks that each imported and re-exported name leads to a binding. Names that depend on modules which have not run yet are
/// left for later: `has_late_names` notes that.
pub fn names(version: &Rc<Version>) -> Result<(), LinkError> {
    version.has_late_names.set(false);
    version.is_checked.set(false);
    let Some(code) = version.unit.code() else {
        return Ok(());
    };
    let imports = code.imports.iter().filter_map(|import| match &import.name {
        ImportName::Name(name) if !import.weak => Some((import.request, name, import.line, import.column)),
        _ => None,
    });
    let exports = code.exports.iter().filter_map(|export| match &export.kind {
        ExportKind::Indirect { request, name, .. } => Some((*request, name, export.line, export.column)),
        _ => None,
    });
    let exports = exports.map(|export| (export, true));
    let imports = imports.map(|import| (import, false));
    for ((request, name, line, column), is_export) in exports.chain(imports) {
        let Some(target) = version.link(request) else {
            continue;
        };
        let wanted = match is_export.then(|| version.unit.table().named.get(name)).flatten() {
            Some(&index) => imported_as(code, index),
            None => Some(name.as_str()),
        };
        if wanted.is_some_and(|wanted| surely_has(&target, wanted)) {
            continue;
        }
        let (resolution, is_late) = resolve(if is_export { version } else { &target }, name);
        if is_late {
            version.has_late_names.set(true);
        }
        let (fault, hop) = match resolution {
            Resolution::Found(_) => continue,
            Resolution::Missing(_) if is_late => continue,
            Resolution::Missing(hop) => (Fault::Missing, hop),
            Resolution::Ambiguous(hop) => (Fault::Ambiguous, hop),
            Resolution::Circular(hop) => (Fault::Circular, hop),
        };
        if let Some(error) = hop.and_then(|hop| error_at(&hop, name, fault)) {
            return Err(error);
        }
        let specifier = code
            .requests
            .get(request)
            .map(|request| request.specifier.clone());
        return Err(LinkError {
            name: name.clone(),
            specifier: specifier.unwrap_or_default(),
            fault,
            line,
            column,
            version: Rc::clone(version),
            target,
        });
    }
    if has_late_stars(version) {
        version.has_late_names.set(true);
    }
    version.is_checked.set(true);
    Ok(())
}

/// The name by which a re-export asks another module.
fn imported_as(code: &Compiled, index: usize) -> Option<&str> {
    match &code.exports.get(index)?.kind {
        ExportKind::Indirect { imported, .. } => Some(imported),
        _ => None,
    }
}

/// Whether a version that has been checked exports a name. This spares following a long chain again for each of its members.
fn surely_has(version: &Version, name: &str) -> bool {
    let is_known = version.is_checked.get() && !version.has_late_names.get();
    is_known && version.unit.table().named.contains_key(name)
}

/// Whether `export *` may add names of modules that have not run.
fn has_late_stars(version: &Rc<Version>) -> bool {
    let mut seen: HashSet<*const Version> = HashSet::new();
    let mut waiting = vec![Rc::clone(version)];
    while let Some(next) = waiting.pop() {
        if next.unit.names_come_late() && next.names.borrow().is_none() {
            return true;
        }
        // Imported modules are checked first, so a long chain is not walked again for each of its members.
        if next.is_checked.get() && !next.has_late_names.get() {
            continue;
        }
        let stars = &next.unit.table().stars;
        if seen.insert(Rc::as_ptr(&next)) {
            waiting.extend(stars.iter().filter_map(|&request| next.link(request)));
        }
    }
    false
}

/// The error at the export where V8 reports it, which is not always the import.
fn error_at((version, index): &Hop, name: &str, fault: Fault) -> Option<LinkError> {
    let code = version.unit.code()?;
    let export = code.exports.get(*index)?;
    let (request, name) = match &export.kind {
        ExportKind::Indirect {
            request, imported, ..
        } => (*request, imported.as_str()),
        ExportKind::Star { request } => (*request, name),
        ExportKind::Local { .. } | ExportKind::Namespace { .. } => return None,
    };
    Some(LinkError {
        name: name.to_owned(),
        specifier: code.requests.get(request)?.specifier.clone(),
        fault,
        line: export.line,
        column: export.column,
        version: Rc::clone(version),
        target: version.link(request)?,
    })
}
