//! Long chains of re-exports: an importer at the far end reads the binding itself, not each module's getter on the way.

use std::collections::HashSet;
use std::rc::Rc;

use super::compile::ExportKind;
use super::engine::Engine;
use super::record::{Body, Version};
use super::stars;
use crate::js::{Js, JsResult};

/// Longest chain of getters that call each other. The next getter reads the end of the chain directly. V8's stack has room
/// for some 2,500.
const LONGEST: u32 = 400;

impl Version {
    /// Notes how many getters a read through this version's re-exports may call. Returns whether the chain is too long, so
    /// that this version's getters have to read its end directly.
    pub(super) fn measure_chain(&self) -> bool {
        let exports = self.unit.code().map_or(&[][..], |code| &code.exports);
        let next = exports.iter().filter_map(|export| match export.kind {
            ExportKind::Indirect { request, .. } | ExportKind::Star { request } => self.link(request),
            ExportKind::Local { .. } | ExportKind::Namespace { .. } => None,
        });
        let longest = next.map(|target| target.chain.get() + 1).max().unwrap_or(0);
        let is_long = longest >= LONGEST;
        self.chain.set(if is_long { 0 } else { longest });
        is_long
    }
}

impl Engine {
    /// Where a read of another module's export ends, as `[env, name]`; the last ES module on the way if the end is none.
    pub(super) fn end_of_chain<'s>(
        &self,
        js: Js<'s>,
        version: &Version,
        request: usize,
        name: &str,
    ) -> JsResult<'s> {
        let mut name = name.to_owned();
        let Some(mut end) = version.link(request) else {
            return Ok(js.undefined());
        };
        let mut seen = HashSet::new();
        while seen.insert((Rc::as_ptr(&end), name.clone())) {
            let Some((next, imported)) = next_hop(&end, &name) else {
                break;
            };
            // A module that is no ES module may look different to each importer.
            if !matches!(next.unit.body, Body::Module(_)) {
                break;
            }
            (end, name) = (next, imported);
        }
        let Some(env) = self.env_for(js, &end, version.unit.is_loose())? else {
            return Ok(js.undefined());
        };
        Ok(js.array(&[env, js.string(&name)]))
    }
}

/// The module by which a version re-exports a name, and the name there.
fn next_hop(version: &Rc<Version>, name: &str) -> Option<(Rc<Version>, String)> {
    let code = version.unit.code()?;
    let table = version.unit.table();
    let named = table.named.get(name).and_then(|&index| code.exports.get(index));
    if let Some(export) = named {
        let ExportKind::Indirect {
            request, imported, ..
        } = &export.kind
        else {
            return None;
        };
        return Some((version.link(*request)?, imported.clone()));
    }
    let request = match table.stars[..] {
        [request] => request,
        _ => {
            stars::star_names(version)
                .into_iter()
                .find(|(other, _)| other == name)?
                .1
        }
    };
    Some((version.link(request)?, name.to_owned()))
}
