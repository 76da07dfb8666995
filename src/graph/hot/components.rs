//! Cycles: strongly connected components with more than one module.

use std::collections::{HashMap, HashSet};

use super::{Edge, HotGraph, ModuleId};
use crate::quick_hash::QuickHash;

/// Belongs to no cycle.
const NONE: u32 = u32::MAX;
/// After so many steps it is cheaper to look for all cycles anew.
const PATIENCE: usize = 4000;

/// The cycles of a graph, found when they are asked for and kept until an edge may have made or opened one.
#[derive(Debug, Default)]
pub(super) struct Cycles {
    /// The number of each module's cycle.
    of: Vec<u32>,
    members: Vec<Vec<ModuleId>>,
    is_fresh: bool,
}

impl Cycles {
    fn of(&self, id: ModuleId) -> u32 {
        self.of.get(id.place()).copied().unwrap_or(NONE)
    }

    /// The cycle that the module is part of.
    pub(super) fn containing(&self, id: ModuleId) -> Option<&[ModuleId]> {
        self.members.get(self.of(id) as usize).map(Vec::as_slice)
    }

    /// Whether two modules are of one cycle.
    pub(super) fn has_both(&self, one: ModuleId, other: ModuleId) -> bool {
        self.of(one) != NONE && self.of(one) == self.of(other)
    }
}

impl HotGraph {
    /// Finds the cycles now, so that the next update need not.
    pub fn settle(&mut self) {
        if self.cycles.is_fresh {
            return;
        }
        let all: Vec<ModuleId> = self.all().collect();
        let found = components(&all, |id| strong(self.edges(id)));
        let mut cycles = Cycles {
            of: vec![NONE; self.nodes.len()],
            members: found.into_iter().filter(|members| members.len() > 1).collect(),
            is_fresh: true,
        };
        for (number, members) in (0_u32..).zip(&cycles.members) {
            for id in members {
                if let Some(of) = cycles.of.get_mut(id.place()) {
                    *of = number;
                }
            }
        }
        self.cycles = cycles;
    }

    /// A module has other edges than before: are the cycles still what they were?
    pub(super) fn note_cycles(&mut self, id: ModuleId, old: &[Edge], new: &[Edge]) {
        if !self.cycles.is_fresh {
            return;
        }
        let (before, now) = (strong(old), strong(new));
        let opens = |to: &ModuleId| !now.contains(to) && self.cycles.has_both(id, *to);
        let closes =
            |to: &ModuleId| !before.contains(to) && !self.cycles.has_both(id, *to) && self.may_reach(*to, id);
        if before.iter().any(opens) || now.iter().any(closes) {
            self.cycles.is_fresh = false;
        }
    }

    /// Whether strong edges lead from one module to another: searched from both ends, as one of them is mostly near
    /// the rim of the graph.
    fn may_reach(&self, from: ModuleId, to: ModuleId) -> bool {
        if from == to {
            return false;
        }
        let (mut down, mut up) = (vec![from], vec![to]);
        let mut below: HashSet<ModuleId, QuickHash> = down.iter().copied().collect();
        let mut above: HashSet<ModuleId, QuickHash> = up.iter().copied().collect();
        for _ in 0..PATIENCE {
            let (Some(lower), Some(upper)) = (down.pop(), up.pop()) else {
                return false;
            };
            for next in strong(self.edges(lower)) {
                if above.contains(&next) {
                    return true;
                }
                if below.insert(next) {
                    down.push(next);
                }
            }
            for next in self.importers(upper) {
                if below.contains(next) {
                    return true;
                }
                if above.insert(*next) {
                    up.push(*next);
                }
            }
        }
        true
    }
}

/// The targets of static imports and `require()`.
pub(super) fn strong(edges: &[Edge]) -> Vec<ModuleId> {
    let strong = edges.iter().filter(|edge| edge.kind.is_strong());
    strong.map(|edge| edge.to).collect()
}

/// A module on the way down.
struct Visit {
    id: ModuleId,
    targets: Vec<ModuleId>,
    next: usize,
}

/// Tarjan's search, as it works.
#[derive(Default)]
struct Search {
    /// The number of each module's discovery, and the least that it leads back to.
    found: HashMap<ModuleId, (u32, u32), QuickHash>,
    open: HashSet<ModuleId, QuickHash>,
    path: Vec<ModuleId>,
    stack: Vec<Visit>,
    result: Vec<Vec<ModuleId>>,
}

impl Search {
    fn enter(&mut self, id: ModuleId, targets: Vec<ModuleId>) {
        let number = u32::try_from(self.found.len()).unwrap_or(u32::MAX);
        self.found.insert(id, (number, number));
        self.open.insert(id);
        self.path.push(id);
        self.stack.push(Visit { id, targets, next: 0 });
    }

    fn lower(&mut self, id: ModuleId, low: u32) {
        if let Some((_, own)) = self.found.get_mut(&id) {
            *own = low.min(*own);
        }
    }

    /// All that `id` leads to was seen.
    fn leave(&mut self, id: ModuleId) {
        let (number, low) = self.found.get(&id).copied().unwrap_or_default();
        if let Some(above) = self.stack.last().map(|visit| visit.id) {
            self.lower(above, low);
        }
        if number != low {
            return;
        }
        let mut members = Vec::new();
        while let Some(member) = self.path.pop() {
            self.open.remove(&member);
            members.push(member);
            if member == id {
                break;
            }
        }
        members.reverse();
        self.result.push(members);
    }
}

/// The strongly connected components of these modules, what is imported first.
pub(super) fn components(
    ids: &[ModuleId],
    targets_of: impl Fn(ModuleId) -> Vec<ModuleId>,
) -> Vec<Vec<ModuleId>> {
    let mut search = Search::default();
    for id in ids {
        if search.found.contains_key(id) {
            continue;
        }
        search.enter(*id, targets_of(*id));
        while let Some(visit) = search.stack.last_mut() {
            let (from, next) = (visit.id, visit.targets.get(visit.next).copied());
            visit.next += 1;
            match next {
                None => {
                    search.stack.pop();
                    search.leave(from);
                }
                Some(to) => match search.found.get(&to).copied() {
                    None => search.enter(to, targets_of(to)),
                    Some((number, _)) if search.open.contains(&to) => search.lower(from, number),
                    Some(_) => {}
                },
            }
        }
    }
    search.result
}
