//! The orders of one update: disposers, evaluation, callbacks, pruning.

use std::collections::{HashMap, HashSet};

use super::components::{components, strong};
use super::spread::{Acceptor, By, Spread};
use super::{Edge, EdgeKind, HotGraph, ModuleId};
use rustc_hash::FxBuildHasher;

type Set = HashSet<ModuleId, FxBuildHasher>;

/// What the new versions of changed modules import, and what new modules import.
pub type Staged = HashMap<ModuleId, Vec<Edge>, FxBuildHasher>;

/// What one update does, step by step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Whose disposers run before anything is evaluated, in this order: importers before what they import.
    pub dispose: Vec<ModuleId>,
    /// Where evaluation is begun, in this order: whatever these import statically is evaluated with them.
    pub enter: Vec<ModuleId>,
    /// What is evaluated, in this order, unless the evaluation of another one has done it by then (`require()`, `import()`).
    pub evaluate: Vec<ModuleId>,
    /// Modules that no version before this update had imported. They are part of `evaluate`.
    pub added: Vec<ModuleId>,
    /// Importers that are not evaluated, whose bindings lead to the new versions from then on.
    pub switch: Vec<ModuleId>,
    /// Whose accept callbacks are called, in this order.
    pub callbacks: Vec<Acceptor>,
    /// What nobody reaches any more: importers before what they import.
    pub prune: Vec<ModuleId>,
}

/// The graph as it is after the update.
struct After<'a> {
    graph: &'a HotGraph,
    staged: &'a Staged,
    /// Who imports each module by a staged version.
    importers: HashMap<ModuleId, Vec<ModuleId>, FxBuildHasher>,
}

impl<'a> After<'a> {
    fn new(graph: &'a HotGraph, staged: &'a Staged) -> Self {
        let mut importers: HashMap<ModuleId, Vec<ModuleId>, FxBuildHasher> = HashMap::default();
        for (importer, edges) in staged {
            for edge in edges {
                importers.entry(edge.to).or_default().push(*importer);
            }
        }
        Self {
            graph,
            staged,
            importers,
        }
    }

    fn edges(&self, id: ModuleId) -> &'a [Edge] {
        self.staged
            .get(&id)
            .map_or_else(|| self.graph.edges(id), Vec::as_slice)
    }

    fn importers(&self, id: ModuleId) -> impl Iterator<Item = ModuleId> + '_ {
        let kept = self.graph.importers(id).iter();
        let kept = kept.filter(|importer| !self.staged.contains_key(importer));
        kept.chain(self.importers.get(&id).into_iter().flatten()).copied()
    }

    /// Whether a root leads to the module, without one of the dead.
    fn is_reached(&self, id: ModuleId, dead: &Set) -> bool {
        let mut seen: Set = Set::default();
        let mut stack = vec![id];
        while let Some(at) = stack.pop() {
            if self.graph.is_root(at) {
                return true;
            }
            for importer in self.importers(at) {
                if !dead.contains(&importer) && seen.insert(importer) {
                    stack.push(importer);
                }
            }
        }
        false
    }

    /// What no root reaches any more: looked for only below what has lost an importer.
    fn dead(&self, lost: Vec<ModuleId>) -> Set {
        let mut dead = Set::default();
        let mut candidates = lost;
        while let Some(id) = candidates.pop() {
            if self.graph.has(id) && !dead.contains(&id) && !self.is_reached(id, &dead) {
                dead.insert(id);
                candidates.extend(self.graph.edges(id).iter().map(|edge| edge.to));
            }
        }
        dead
    }
}

impl HotGraph {
    /// The plan of an update that every way of `spread` accepts.
    pub fn plan(&self, spread: &Spread, staged: &Staged) -> Plan {
        let after = After::new(self, staged);
        let dead = after.dead(self.lost_by(staged));
        let added = self.added_by(staged);
        let affected: Set = spread.affected.iter().copied().collect();
        let mut concerned: Set = affected.difference(&dead).copied().collect();
        concerned.extend(&added);

        let (enter, evaluate) = self.evaluation_order(&after, &concerned, &added);
        Plan {
            enter,
            dispose: self.disposal_order(&affected),
            added: evaluate.iter().copied().filter(|id| added.contains(id)).collect(),
            switch: switching(&after, &evaluate, &concerned, &dead),
            callbacks: self.callbacks(spread, &affected, &dead),
            prune: self.disposal_order(&dead),
            evaluate,
        }
    }

    /// The plan of a reload: everything is disposed of, and what the roots reach statically is evaluated. What is
    /// reached by `import()` or `require()` is evaluated when it is asked for.
    pub fn reload_plan(&self, roots: &[ModuleId], staged: &Staged) -> Plan {
        let after = After::new(self, staged);
        let all: Set = self.all().collect();
        // What only runtimes of the classic API reach is evaluated when they import it again.
        let kept: Vec<ModuleId> = roots.iter().copied().chain(self.held()).collect();
        let reached = reachable(&kept, |id| after.edges(id));
        let dead: Set = all.difference(&reached).copied().collect();
        let evaluate = post_order(roots, &reached, |id| targets(after.edges(id), EdgeKind::Static));
        Plan {
            dispose: self.disposal_order(&all),
            added: evaluate.iter().copied().filter(|id| !self.has(*id)).collect(),
            enter: roots.to_vec(),
            evaluate,
            prune: self.disposal_order(&dead),
            ..Plan::default()
        }
    }

    /// Those of these modules, and of what only they reach, that no root reaches now: importers before what they import.
    pub fn unreached(&self, candidates: &[ModuleId]) -> Vec<ModuleId> {
        let staged = Staged::default();
        let dead = After::new(self, &staged).dead(candidates.to_vec());
        self.disposal_order(&dead)
    }

    /// What staged versions do not import any more.
    fn lost_by(&self, staged: &Staged) -> Vec<ModuleId> {
        let mut lost = Vec::new();
        for (id, edges) in staged {
            let now: Set = edges.iter().map(|edge| edge.to).collect();
            let before = self.edges(*id).iter().map(|edge| edge.to);
            lost.extend(before.filter(|to| !now.contains(to)));
        }
        lost.sort_unstable();
        lost.dedup();
        lost
    }

    /// Modules that come with the staged versions.
    fn added_by(&self, staged: &Staged) -> Set {
        let is_new = |id: &ModuleId| self.order(*id) == u32::MAX && self.importers(*id).is_empty();
        staged
            .keys()
            .copied()
            .filter(|id| !self.is_root(*id) && is_new(id))
            .collect()
    }

    /// Depth first from the tops, in source order; then what is reached by `require()` and `import()`, if those have
    /// not done it themselves. The entrances, and all of it.
    fn evaluation_order(
        &self,
        after: &After<'_>,
        concerned: &Set,
        added: &Set,
    ) -> (Vec<ModuleId>, Vec<ModuleId>) {
        let starts = self.tops(concerned, |id| strong(after.edges(id)));
        let is_asked_for = |id: &ModuleId| {
            let mut importers = after.importers(*id);
            importers.any(|importer| importer != *id && concerned.contains(&importer))
        };
        let (later, first): (Vec<_>, Vec<_>) = starts
            .into_iter()
            .filter(|id| !added.contains(id))
            .partition(|id| is_asked_for(id) && !is_in_cycle(after, *id, concerned));
        let statics = |id| targets(after.edges(id), EdgeKind::Static);
        let mut order = Order::new(concerned);
        let mut enter = first;
        for id in &enter {
            order.visit(*id, statics);
        }
        let mut index = 0;
        while let Some(id) = order.done.get(index).copied() {
            index += 1;
            let asked = after
                .edges(id)
                .iter()
                .filter(|edge| edge.kind != EdgeKind::Static);
            for edge in asked.filter(|edge| !added.contains(&edge.to)) {
                if order.visit(edge.to, statics) {
                    enter.push(edge.to);
                }
            }
        }
        for id in later {
            if order.visit(id, statics) {
                enter.push(id);
            }
        }
        (enter, order.done)
    }

    /// Where to begin to evaluate these again, so that all of them are.
    pub fn entrances(&self, modules: &[ModuleId]) -> Vec<ModuleId> {
        let concerned: Set = modules.iter().copied().collect();
        let staged = Staged::default();
        let after = After::new(self, &staged);
        self.evaluation_order(&after, &concerned, &Set::default()).0
    }

    /// Importers before what they import, by any kind of edge.
    fn disposal_order(&self, modules: &Set) -> Vec<ModuleId> {
        let all = |id| self.edges(id).iter().map(|edge| edge.to).collect::<Vec<_>>();
        let starts = self.tops(modules, all);
        let mut order = post_order(&starts, modules, all);
        order.reverse();
        order
    }

    /// Where to begin, so that everything is reached: what no other of these modules leads to, of a cycle its original
    /// entrance, in the order of the first evaluation.
    fn tops(&self, modules: &Set, targets_of: impl Fn(ModuleId) -> Vec<ModuleId>) -> Vec<ModuleId> {
        let mut sorted: Vec<ModuleId> = modules.iter().copied().collect();
        sorted.sort_unstable_by_key(|id| (self.order(*id), *id));
        let within = |id| {
            let mut targets = targets_of(id);
            targets.retain(|to| modules.contains(to));
            targets
        };
        let found = components(&sorted, within);
        let mut led_to = Set::default();
        for members in &found {
            for member in members {
                led_to.extend(within(*member).into_iter().filter(|to| !members.contains(to)));
            }
        }
        let is_top = |members: &&Vec<ModuleId>| members.iter().all(|member| !led_to.contains(member));
        let entrance = |members: &Vec<ModuleId>| {
            let known = members.iter().filter(|id| self.order(**id) != u32::MAX);
            known
                .max_by_key(|id| self.order(**id))
                .or(members.first())
                .copied()
        };
        let mut tops: Vec<ModuleId> = found.iter().filter(is_top).filter_map(entrance).collect();
        tops.sort_unstable_by_key(|id| (self.order(*id), *id));
        tops
    }

    /// The acceptors whose callbacks are called. A module that is evaluated again anyway has no say about what it
    /// imports: it imports the new version.
    fn callbacks(&self, spread: &Spread, affected: &Set, dead: &Set) -> Vec<Acceptor> {
        let speaks = |acceptor: &&Acceptor| {
            let is_within = match &acceptor.by {
                By::Itself | By::Classic => true,
                By::Dependencies(dependencies) => {
                    let in_cycle = |it: &ModuleId| self.cycles.has_both(*it, acceptor.owner);
                    !affected.contains(&acceptor.owner) || dependencies.iter().all(in_cycle)
                }
            };
            is_within && !dead.contains(&acceptor.owner)
        };
        let mut callbacks: Vec<Acceptor> = spread.acceptors.iter().filter(speaks).cloned().collect();
        callbacks.sort_by_key(|acceptor| self.order(acceptor.owner));
        callbacks
    }
}

fn is_in_cycle(after: &After<'_>, id: ModuleId, concerned: &Set) -> bool {
    let mut importers = after.importers(id);
    importers.any(|importer| {
        concerned.contains(&importer)
            && after
                .edges(importer)
                .iter()
                .any(|edge| edge.to == id && edge.kind.is_strong())
    })
}

/// Importers that stay and import what is evaluated.
fn switching(after: &After<'_>, evaluate: &[ModuleId], concerned: &Set, dead: &Set) -> Vec<ModuleId> {
    let mut seen = Set::default();
    let importers = evaluate.iter().flat_map(|id| after.importers(*id));
    importers
        .filter(|id| !concerned.contains(id) && !dead.contains(id) && seen.insert(*id))
        .collect()
}

fn targets(edges: &[Edge], kind: EdgeKind) -> Vec<ModuleId> {
    let wanted = edges.iter().filter(|edge| edge.kind == kind);
    wanted.map(|edge| edge.to).collect()
}

fn reachable<'a>(roots: &[ModuleId], edges_of: impl Fn(ModuleId) -> &'a [Edge]) -> Set {
    let mut seen: Set = roots.iter().copied().collect();
    let mut stack = roots.to_vec();
    while let Some(id) = stack.pop() {
        for edge in edges_of(id) {
            if seen.insert(edge.to) {
                stack.push(edge.to);
            }
        }
    }
    seen
}

fn post_order(
    starts: &[ModuleId],
    modules: &Set,
    targets_of: impl Fn(ModuleId) -> Vec<ModuleId>,
) -> Vec<ModuleId> {
    let mut order = Order::new(modules);
    for id in starts {
        order.visit(*id, &targets_of);
    }
    order.done
}

/// A depth-first walk among some modules.
struct Order<'a> {
    modules: &'a Set,
    seen: Set,
    done: Vec<ModuleId>,
}

impl<'a> Order<'a> {
    fn new(modules: &'a Set) -> Self {
        Self {
            modules,
            seen: Set::default(),
            done: Vec::new(),
        }
    }

    /// Adds what the module leads to, then the module. Without recursion: a chain may be thousands deep.
    /// Whether there was something to add.
    fn visit(&mut self, id: ModuleId, targets_of: impl Fn(ModuleId) -> Vec<ModuleId>) -> bool {
        if !self.modules.contains(&id) || !self.seen.insert(id) {
            return false;
        }
        let mut stack = vec![(id, targets_of(id).into_iter())];
        while let Some((id, targets)) = stack.last_mut() {
            let id = *id;
            let next = targets.find(|to| self.modules.contains(to) && self.seen.insert(*to));
            if let Some(next) = next {
                stack.push((next, targets_of(next).into_iter()));
            } else {
                stack.pop();
                self.done.push(id);
            }
        }
        true
    }
}
