//! Cycles: strongly connected components with more than one module.

use std::collections::{HashMap, HashSet};

use super::{Edge, HotGraph, ModuleId};
use rustc_hash::FxBuildHasher;

/// The cycle number of a module that is in no cycle.
const NONE: u32 = u32::MAX;
/// After this many steps of a search, finding all cycles anew is cheaper.
const PATIENCE: usize = 4000;

/// The cycles of a graph. They are found at the first need, and kept until an edge may have closed or opened a cycle.
#[derive(Debug, Default)]
pub(super) struct Cycles {
    /// The cycle number of each module, by place; [`NONE`] outside of cycles.
    of: Vec<u32>,
    /// The members of each cycle, by cycle number.
    members: Vec<Vec<ModuleId>>,
    /// Whether the cycles fit the graph as it is now.
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
    /// Finds the cycles now, unless they are known.
    pub fn find_cycles(&mut self) {
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

    /// Notes that a module has got other edges: forgets the cycles if these may have closed or opened one.
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

    /// Whether strong edges may lead from one module to another. The search runs from both ends at once, since mostly one of
    /// them is near the rim of the graph. True if it takes too long.
    fn may_reach(&self, from: ModuleId, to: ModuleId) -> bool {
        if from == to {
            return false;
        }
        let (mut down, mut up) = (vec![from], vec![to]);
        let mut below: HashSet<ModuleId, FxBuildHasher> = down.iter().copied().collect();
        let mut above: HashSet<ModuleId, FxBuildHasher> = up.iter().copied().collect();
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

/// A module on the current path of the depth-first search.
struct Visit {
    /// The module.
    id: ModuleId,
    /// The modules that its edges lead to.
    targets: Vec<ModuleId>,
    /// The index of the next target to look at.
    next: usize,
}

/// The state of Tarjan's search for strongly connected components.
#[derive(Default)]
struct Search {
    /// Tarjan's "index" of each module (when it was found), and the least index that it leads back to.
    found: HashMap<ModuleId, (u32, u32), FxBuildHasher>,
    /// The members of `path`, for a fast look-up.
    open: HashSet<ModuleId, FxBuildHasher>,
    /// Tarjan's stack: found modules whose component is not complete.
    path: Vec<ModuleId>,
    /// The call stack of the depth-first search.
    stack: Vec<Visit>,
    /// The complete components.
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

    /// Ends the visit of `id`, whose targets have all been seen; takes its component if `id` is the first of one.
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

/// The strongly connected components of these modules; imported ones come before their importers.
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
