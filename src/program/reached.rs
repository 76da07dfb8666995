//! Finds the modules that the new text of an update still reaches.

use std::collections::{HashMap, HashSet, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;

use super::ids::{engine_id, graph_id};
use super::on_engine::OnEngine;
use crate::es::{self, SourceError, Unit};
use crate::graph::hot::ModuleId;
use crate::js::{Js, JsResult};

/// Modules in the order in which they were reached, and the new text of some.
type Reached = (Vec<ModuleId>, Vec<(es::ModuleId, Arc<Unit>)>);

impl OnEngine {
    /// The modules whose text was read and is not the one that runs, with the new unit or the error.
    pub(super) fn unread(&self) -> HashMap<ModuleId, Result<Arc<Unit>, SourceError>> {
        let read = self.engine.read(&[]).into_iter();
        read.map(|read| (graph_id(read.module), read.unit)).collect()
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
            for target in self.targets(id, &unit) {
                if among.contains(&target) && seen.insert(target) {
                    waiting.push_back(target);
                }
            }
        }
        Ok((order, units))
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
