//! What a module uses of each module that it imports: an index, so that an update of one import needs no look at the others.

use super::compile::{Compiled, ExportKind};

/// The imports and exports of a compiled module by request.
#[derive(Default)]
pub struct Uses {
    /// Each import as `(request, index in Compiled::imports)`, sorted.
    imports: Vec<(usize, usize)>,
    /// Each export that leads to another module, as `(request, index in Compiled::exports)`, sorted.
    exports: Vec<(usize, usize)>,
}

impl Uses {
    /// Looks at all imports and exports of a module.
    pub fn of(code: &Compiled) -> Self {
        let imports = code.imports.iter().enumerate();
        let exports = code.exports.iter().enumerate();
        Self {
            imports: sorted(imports.map(|(index, import)| (import.request, index))),
            exports: sorted(exports.filter_map(|(index, export)| Some((request_of(&export.kind)?, index)))),
        }
    }

    /// The indices of the imports of a request, in source order.
    pub fn imports(&self, request: usize) -> impl Iterator<Item = usize> + '_ {
        of_request(&self.imports, request)
    }

    /// The indices of the exports that lead to a request, in source order.
    pub fn exports(&self, request: usize) -> impl Iterator<Item = usize> + '_ {
        of_request(&self.exports, request)
    }
}

fn request_of(kind: &ExportKind) -> Option<usize> {
    match kind {
        ExportKind::Indirect { request, .. }
        | ExportKind::Star { request }
        | ExportKind::Namespace { request, .. } => Some(*request),
        ExportKind::Local { .. } => None,
    }
}

fn sorted(pairs: impl Iterator<Item = (usize, usize)>) -> Vec<(usize, usize)> {
    let mut pairs: Vec<(usize, usize)> = pairs.collect();
    pairs.sort_unstable();
    pairs
}

fn of_request(pairs: &[(usize, usize)], request: usize) -> impl Iterator<Item = usize> + '_ {
    let from = pairs.partition_point(|(other, _)| *other < request);
    let rest = pairs.iter().skip(from);
    rest.take_while(move |(other, _)| *other == request)
        .map(|(_, index)| *index)
}
