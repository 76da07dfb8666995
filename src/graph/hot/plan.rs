//! The plan of one update: what is disposed, evaluated, called and pruned, and in which order.

use std::collections::{HashMap, HashSet};

use super::components::{components, strong};
use super::spread::{Acceptor, By, Spread};
use super::{Edge, EdgeKind, HotGraph, ModuleId};
use rustc_hash::FxBuildHasher;

/// A set of modules.
type Set = HashSet<ModuleId, FxBuildHasher>;

/// The edges of the staged modules: the new versions of changed modules, and modules that are new.
pub type Staged = HashMap<ModuleId, Vec<Edge>, FxBuildHasher>;

/// What one update does, step by step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The modules whose disposers run before anything is evaluated, in this order: importers before what they import.
    pub dispose: Vec<ModuleId>,
    /// The modules with which evaluation begins, in this order; their static imports are evaluated with them.
    pub enter: Vec<ModuleId>,
    /// All modules to evaluate, in this order, unless the code of an earlier one has loaded them (`require()`, `import()`).
    pub evaluate: Vec<ModuleId>,
    /// The modules of `evaluate` that no version before this update had imported.
    pub added: Vec<ModuleId>,
    /// Importers that are not evaluated themselves: their bindings are switched to the new versions.
    pub switch: Vec<ModuleId>,
    /// The acceptors whose callbacks are called, in this order.
    pub callbacks: Vec<Acceptor>,
    /// The modules that nothing reaches any more: importers before what they import.
    pub prune: Vec<ModuleId>,
}

/// A view of the graph as it is after the update.
struct After<'a> {
    /// The graph before the update.
    graph: &'a HotGraph,
    /// The edges of the staged versions, which replace those in `graph`.
    staged: &'a Staged,
    /// The importers of each module among the staged versions.
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

    /// Whether a path leads from a root to the module without a module of `dead` on it.
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

    /// The modules that no root reaches any more. The search looks only at `lost`, modules that lost an importer, and below.
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
    /// The plan of an update whose spread ended at acceptors everywhere.
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

    /// The plan of a reload: all modules are disposed of, and the roots are evaluated with their static imports. Modules
    /// behind `import()` or `require()` are evaluated when the program's code asks for them.
    pub fn reload_plan(&self, roots: &[ModuleId], staged: &Staged) -> Plan {
        let after = After::new(self, staged);
        let all: Set = self.all().collect();
        // Modules that only runtimes of the classic API reach are evaluated when the runtimes import them again.
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

    /// The modules among `candidates`, and among what only these reach, that no root reaches now: importers before what
    /// they import.
    pub fn unreached(&self, candidates: &[ModuleId]) -> Vec<ModuleId> {
        let staged = Staged::default();
        let dead = After::new(self, &staged).dead(candidates.to_vec());
        self.disposal_order(&dead)
    }

    /// The modules that the staged versions import no longer.
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

    /// The staged modules that are new.
    fn added_by(&self, staged: &Staged) -> Set {
        let is_new = |id: &ModuleId| self.order(*id) == u32::MAX && self.importers(*id).is_empty();
        staged
            .keys()
            .copied()
            .filter(|id| !self.is_root(*id) && is_new(id))
            .collect()
    }

    /// The entrances, and all modules in the order of evaluation: depth first from the tops, in source order; at the end the
    /// modules behind `require()` and `import()`, in case no code has loaded them by then.
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

    /// The modules with which to begin, so that all of these modules are evaluated again.
    pub fn entrances(&self, modules: &[ModuleId]) -> Vec<ModuleId> {
        let concerned: Set = modules.iter().copied().collect();
        let staged = Staged::default();
        let after = After::new(self, &staged);
        self.evaluation_order(&after, &concerned, &Set::default()).0
    }

    /// These modules in the order of disposal: importers before what they import, by any kind of edge.
    fn disposal_order(&self, modules: &Set) -> Vec<ModuleId> {
        let all = |id| self.edges(id).iter().map(|edge| edge.to).collect::<Vec<_>>();
        let starts = self.tops(modules, all);
        let mut order = post_order(&starts, modules, all);
        order.reverse();
        order
    }

    /// The modules from which all of these are reached: those to which no other of them leads, and of a cycle the entrance of
    /// its first evaluation. They are in the order of the first evaluation.
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

    /// The acceptors whose callbacks are called. If an acceptor of a dependency is itself evaluated again, its callback for
    /// that dependency is not called: its new version imports the new dependency anyway.
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

/// The importers of evaluated modules that are not evaluated themselves.
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

/// A depth-first walk within a set of modules.
struct Order<'a> {
    /// The walk stays within these modules.
    modules: &'a Set,
    /// The modules that the walk has come to.
    seen: Set,
    /// The modules that the walk has left: imported ones before their importers.
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

    /// Adds what the module leads to, then the module. False if there was nothing to add. Not recursive, because a chain
    /// of imports may be thousands deep.
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
