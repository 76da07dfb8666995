//! Finds the modules that the new text of an update still reaches.

use std::collections::{HashMap, HashSet, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;

use super::gone::Asked;
use super::ids::{engine_id, graph_id};
use super::on_engine::OnEngine;
use super::update::HotProgram;
use crate::es::{self, SourceError, Unit};
use crate::graph::hot::ModuleId;
use crate::hot::{Runner, Want};
use crate::js::{Js, JsResult};

/// What an update evaluates again.
pub(super) struct Reached {
    /// The modules in the order in which they were reached.
    pub(super) order: Vec<ModuleId>,
    /// The new text of some.
    pub(super) units: Vec<(es::ModuleId, Arc<Unit>)>,
    /// Modules that the update does without, since their files are gone and only `import()` or `require()` led to them.
    pub(super) gone: Asked,
}

impl OnEngine {
    /// The modules whose text was read and is not the one that runs, with the new unit or the error.
    pub(super) fn unread(&self) -> HashMap<ModuleId, Result<Arc<Unit>, SourceError>> {
        let read = self.engine.read(&[]).into_iter();
        read.map(|read| (graph_id(read.module), read.unit)).collect()
    }

    /// The modules with which the search for an update's modules begins, and those among which it stays.
    pub(super) fn starts(&self, program: &HotProgram, want: &Want) -> (Vec<ModuleId>, HashSet<ModuleId>) {
        let graph = program.updater.graph.borrow();
        match want {
            Want::Everything => (self.roots(), graph.all().collect()),
            Want::Modules(ids) => {
                let among: HashSet<ModuleId> = ids.iter().copied().collect();
                let is_outside = |importer: &ModuleId| !among.contains(importer);
                let is_entered =
                    |id: &ModuleId| graph.is_root(*id) || graph.importers(*id).iter().any(is_outside);
                (ids.iter().copied().filter(is_entered).collect(), among)
            }
        }
    }

    /// The modules of an update that the new text still reaches, with the new units of the changed ones.
    pub(super) fn reached<'s>(
        &self,
        js: Js<'s>,
        starts: &[ModuleId],
        among: &HashSet<ModuleId>,
        changed: &HashSet<ModuleId>,
    ) -> JsResult<'s, Reached> {
        let unread = self.unread();
        let (mut order, mut units) = (Vec::new(), Vec::new());
        let mut gone = Asked::new();
        let program = self.program();
        let unsettled = program
            .map(|program| program.watches.unsettled())
            .unwrap_or_default();
        let mut seen: HashSet<ModuleId> = starts.iter().copied().collect();
        let mut waiting: VecDeque<ModuleId> = starts.iter().copied().collect();
        while let Some(id) = waiting.pop_front() {
            let mut unit = self.unit(id);
            if let Some(new) = unread.get(&id).filter(|_| changed.contains(&id)) {
                let new = new
                    .clone()
                    .map_err(|error| self.engine.source_error(js, &error))?;
                unit = Some(Arc::clone(&new));
                units.push((engine_id(id), new));
            }
            order.push(id);
            let Some(unit) = unit else { continue };
            let asked = self.asked_for(id, &unit).into_iter().map(|edge| edge.to);
            let (lost, asked): (Vec<_>, Vec<_>) =
                asked.partition(|target| self.is_missing(*target, &unsettled));
            for target in lost {
                gone.entry(target).or_default().push(id);
            }
            for target in self.static_targets(&unit).into_iter().chain(asked) {
                if among.contains(&target) && seen.insert(target) {
                    waiting.push_back(target);
                }
            }
        }
        gone.retain(|id, _| !seen.contains(id) && !self.is_needed(*id, &seen));
        Ok(Reached { order, units, gone })
    }

    /// The modules among these whose files are missing, perhaps before the watcher has told of it.
    pub(super) fn gone(&self, modules: &[ModuleId]) -> Vec<ModuleId> {
        let records = modules.iter().filter_map(|id| self.engine.record(engine_id(*id)));
        let paths = records.filter_map(|record| record.path.clone());
        let gone: Vec<PathBuf> = paths.filter(|path| !path.exists()).collect();
        if gone.is_empty() {
            return Vec::new();
        }
        let read = self.engine.read(&gone).into_iter();
        read.filter(|read| read.unit.is_err())
            .map(|read| graph_id(read.module))
            .collect()
    }
}
