//! Whether each name that is imported or re-exported leads to a binding, before anything runs.

use std::collections::HashSet;
use std::rc::Rc;

use super::compile::{Compiled, Export, ExportKind, Import, ImportName};
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

/// An imported or re-exported name.
struct Wanted<'a> {
    request: usize,
    /// The imported name; of a re-export the name that it gives.
    name: &'a str,
    line: u32,
    column: u32,
    is_export: bool,
}

/// Checks that each imported and re-exported name leads to a binding. Names that depend on modules which have not run yet are
/// left for later: `has_late_names` notes that.
pub fn names(version: &Rc<Version>) -> Result<(), LinkError> {
    version.has_late_names.set(false);
    version.is_checked.set(false);
    let Some(code) = version.unit.code() else {
        return Ok(());
    };
    let imports = code.imports.iter().filter_map(by_import);
    for wanted in code.exports.iter().filter_map(by_export).chain(imports) {
        if is_late(version, code, &wanted)? {
            version.has_late_names.set(true);
        }
    }
    if has_late_stars(version) {
        version.has_late_names.set(true);
    }
    version.is_checked.set(true);
    Ok(())
}

/// Checks the names of these requests alone, as [`names`] does. Returns whether some depend on modules which have not run yet.
pub fn names_of(version: &Rc<Version>, requests: &[usize]) -> Result<bool, LinkError> {
    let Some(code) = version.unit.code() else {
        return Ok(false);
    };
    let uses = version.unit.uses();
    // In source order, as `names` would find the first error.
    let mut exports: Vec<usize> = requests.iter().flat_map(|it| uses.exports(*it)).collect();
    let mut imports: Vec<usize> = requests.iter().flat_map(|it| uses.imports(*it)).collect();
    exports.sort_unstable();
    imports.sort_unstable();
    let exports: Vec<&Export> = exports
        .iter()
        .filter_map(|index| code.exports.get(*index))
        .collect();
    let imports = imports.iter().filter_map(|index| code.imports.get(*index));
    let has_star = exports
        .iter()
        .any(|export| matches!(export.kind, ExportKind::Star { .. }));
    let mut some_late = has_star && has_late_stars(version);
    let imports = imports.filter_map(by_import);
    for wanted in exports.into_iter().filter_map(by_export).chain(imports) {
        some_late |= is_late(version, code, &wanted)?;
    }
    Ok(some_late)
}

fn by_import(import: &Import) -> Option<Wanted<'_>> {
    match &import.name {
        ImportName::Name(name) if !import.weak => Some(Wanted {
            request: import.request,
            name,
            line: import.line,
            column: import.column,
            is_export: false,
        }),
        _ => None,
    }
}

fn by_export(export: &Export) -> Option<Wanted<'_>> {
    match &export.kind {
        ExportKind::Indirect { request, name, .. } => Some(Wanted {
            request: *request,
            name,
            line: export.line,
            column: export.column,
            is_export: true,
        }),
        _ => None,
    }
}

/// Checks one name. Returns whether the answer may change once the modules below have run.
fn is_late(version: &Rc<Version>, code: &Compiled, wanted: &Wanted<'_>) -> Result<bool, LinkError> {
    let Wanted { request, name, .. } = *wanted;
    let Some(target) = version.link(request) else {
        return Ok(false);
    };
    let own = wanted.is_export.then(|| version.unit.table().named.get(name));
    let asked = match own.flatten() {
        Some(&index) => imported_as(code, index),
        None => Some(name),
    };
    if asked.is_some_and(|asked| surely_has(&target, asked)) {
        return Ok(false);
    }
    let (resolution, is_late) = resolve(if wanted.is_export { version } else { &target }, name);
    let (fault, hop) = match resolution {
        Resolution::Found(_) => return Ok(is_late),
        Resolution::Missing(_) if is_late => return Ok(is_late),
        Resolution::Missing(hop) => (Fault::Missing, hop),
        Resolution::Ambiguous(hop) => (Fault::Ambiguous, hop),
        Resolution::Circular(hop) => (Fault::Circular, hop),
    };
    if let Some(error) = hop.and_then(|hop| error_at(&hop, name, fault)) {
        return Err(error);
    }
    let specifier = code.requests.get(request).map(|request| &request.specifier);
    Err(LinkError {
        name: name.to_owned(),
        specifier: specifier.cloned().unwrap_or_default(),
        fault,
        line: wanted.line,
        column: wanted.column,
        version: Rc::clone(version),
        target,
    })
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
