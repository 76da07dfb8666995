//! Modules whose files were deleted. An update needs such a module only if something that is evaluated imports it statically.
//! Otherwise the update does without it: an `import()` or a `require()` of the new versions fails with Node's error, and if
//! none asks for it, the module is pruned.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use super::edges::{asks, dynamic_literals};
use super::ids::{engine_id, graph_id};
use super::on_engine::OnEngine;
use super::update::HotProgram;
use crate::es::{LeftOut, Stage, names_file};
use crate::graph::hot::{Edge, EdgeKind, ModuleId};
use crate::hot::{Runner, Told};
use crate::js::Js;
use crate::report;

/// Modules whose files are gone, each with the modules that had asked for it.
pub(super) type Asked = BTreeMap<ModuleId, Vec<ModuleId>>;

impl HotProgram {
    /// Waits for the files that a committed stage has done without.
    pub(super) fn miss(&self, js: Js<'_>, stage: &Stage) {
        for left in stage.left_out().iter() {
            let record = self.engine.record(left.module);
            let Some(path) = record.and_then(|record| record.path.clone()) else {
                continue;
            };
            let askers = left.askers.iter().copied().map(graph_id);
            let is_back = path.exists();
            self.missed.add(&path, askers);
            // The running watch may take a file that is back soon, and is the same, for one that never was away.
            self.watches.unwatch(&path);
            self.watches.watch_as_it_is(js, &path);
            if is_back {
                self.watches.add(js, vec![path]);
            }
        }
    }

    /// Takes a file that is back. Returns the running modules that had asked for it and may ask for it again.
    pub(super) fn askers_of(&self, path: &Path) -> Vec<ModuleId> {
        let mut askers = self.missed.take(path);
        let may_ask = |id: &ModuleId| self.runner.unit(*id).is_some_and(|unit| asks(&unit));
        askers.retain(|id| self.updater.graph.borrow().has(*id) && may_ask(id));
        askers.into_iter().collect()
    }

    /// Reports the deletion of modules that no update needs yet, if the text of an importer names them: it will ask for them.
    pub(super) fn report_deleted(&self, js: Js<'_>, deleted: &[ModuleId]) {
        let is_named = |id: &&ModuleId| {
            let graph = self.updater.graph.borrow();
            let record = self.engine.record(engine_id(**id));
            let Some(path) = record.and_then(|record| record.path.clone()) else {
                return false;
            };
            let mut units = graph
                .importers(**id)
                .iter()
                .filter_map(|id| self.runner.unit(*id));
            units.any(|unit| names_file(&unit, dynamic_literals(&unit), &path))
        };
        // A failure has named what is missing, or will be tried again with the next save.
        if self.updater.has_failed() {
            return;
        }
        for record in deleted
            .iter()
            .filter(is_named)
            .filter_map(|id| self.engine.record(engine_id(*id)))
        {
            let Err(thrown) = self.engine.unit_of(js, &record) else {
                continue;
            };
            let path = record.path.clone().unwrap_or_default().display().to_string();
            let name = report::relative(&path);
            report::error(js, &name, "the new version cannot be loaded", thrown.0);
            report::remark(js, &format!("{name} kept its last good version"));
            let told = Told {
                outcome: "failed",
                files: vec![path],
                modules: Vec::new(),
                acceptors: Vec::new(),
                way: Vec::new(),
                duration: 0.0,
                error: Some(thrown.hold()),
            };
            self.runner.tell(js, &told);
        }
    }
}

impl OnEngine {
    /// Whether the file of a module is missing, as was found when it was read last.
    pub(super) fn is_gone(&self, id: ModuleId) -> bool {
        self.is_missing(id, &HashSet::new())
    }

    /// Whether the file of a module is missing. The file system is asked only if the file could not be read, or is one of
    /// `unsettled`.
    pub(super) fn is_missing(&self, id: ModuleId, unsettled: &HashSet<PathBuf>) -> bool {
        let Some(record) = self.engine.record(engine_id(id)) else {
            return false;
        };
        let Some(path) = record.path.as_deref() else {
            return false;
        };
        let was_read = || {
            let loaded = self.engine.sources().loader.get(&record.url);
            loaded.is_some_and(|loaded| loaded.is_unreadable())
        };
        (unsettled.contains(path) || was_read()) && !path.exists()
    }

    /// Whether a static import leads to a module, or code outside of the program, but for imports of these modules, which are
    /// evaluated again, and of modules that are gone themselves.
    pub(super) fn is_needed(&self, id: ModuleId, but: &HashSet<ModuleId>) -> bool {
        let Some(program) = self.program() else {
            return true;
        };
        let graph = program.updater.graph.borrow();
        let imports = |edge: &Edge, to: ModuleId| edge.to == to && edge.kind == EdgeKind::Static;
        let mut seen: HashSet<ModuleId> = HashSet::from([id]);
        let mut open = vec![id];
        while let Some(at) = open.pop() {
            if graph.is_root(at) {
                return true;
            }
            for importer in graph.importers(at).iter().filter(|it| !but.contains(it)) {
                if !graph.edges(*importer).iter().any(|edge| imports(edge, at)) {
                    continue;
                }
                if !self.is_gone(*importer) {
                    return true;
                }
                if seen.insert(*importer) {
                    open.push(*importer);
                }
            }
        }
        false
    }

    /// Reads these files again, so that specifiers lead to them no longer.
    pub(super) fn note_gone(&self, gone: &Asked) {
        let records = gone.keys().filter_map(|id| self.engine.record(engine_id(*id)));
        let paths: Vec<PathBuf> = records.filter_map(|record| record.path.clone()).collect();
        if !paths.is_empty() {
            self.engine.read(&paths);
        }
    }

    /// What a stage does without.
    pub(super) fn left_out(gone: &Asked) -> Vec<LeftOut> {
        let left = gone.iter().map(|(id, askers)| LeftOut {
            module: engine_id(*id),
            askers: askers.iter().copied().map(engine_id).collect(),
        });
        left.collect()
    }

    /// The edges that do not lead to modules which the stage does without.
    pub(super) fn without_left(stage: &Stage, mut edges: Vec<Edge>) -> Vec<Edge> {
        let left = stage.left_out();
        edges.retain(|edge| left.iter().all(|left| left.module != engine_id(edge.to)));
        edges
    }
}
