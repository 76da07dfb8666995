//! How far a change spreads: from the changed modules up along the importers, until every path ends at an acceptor.

use std::collections::{HashMap, HashSet, VecDeque};

use super::{HotGraph, ModuleId};
use rustc_hash::FxBuildHasher;

/// What the running versions have registered with `import.meta.hot`.
pub trait Claims {
    /// Whether the module called `accept()` for itself, and has not refused the update by `invalidate()`.
    fn accepts_itself(&self, id: ModuleId) -> bool;
    /// Whether the importer called `accept(dep)` for that dependency.
    fn accepts(&self, importer: ModuleId, dependency: ModuleId) -> bool;
    /// The names that the module gave to `acceptExports()`; `None` if it did not call it.
    fn accepted_exports(&self, id: ModuleId) -> Option<Vec<Box<str>>>;
    /// Whether the module called `decline()`.
    fn declines(&self, id: ModuleId) -> bool;
    /// Whether a runtime of the classic API keeps the module up to date.
    fn is_classic(&self, id: ModuleId) -> bool;
}

/// What becomes of a save.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Every path ended at an acceptor.
    Updated,
    /// A path reached a root: a module that no module imports, or that is imported from outside.
    Reload {
        /// The path from the changed module to the root, both included.
        way: Vec<ModuleId>,
    },
    /// A path reached a module that declines.
    Restart {
        /// The path from the changed module to the declining one, both included.
        way: Vec<ModuleId>,
    },
}

/// How an acceptor takes an update.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// The module accepts itself.
    Itself,
    /// The module accepts these dependencies, in the order in which the change reached them.
    Dependencies(Vec<ModuleId>),
    /// A runtime of the classic API updates the module.
    Classic,
}

/// A module at which a path of the change ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acceptor {
    /// The module that accepts.
    pub owner: ModuleId,
    /// How the module takes the update.
    pub by: By,
    /// The path from the changed module to the owner, both included.
    pub way: Vec<ModuleId>,
}

/// How far a change spreads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spread {
    /// What becomes of the save.
    pub outcome: Outcome,
    /// The changed modules and those between them and the acceptors, self-accepting modules included.
    pub affected: Vec<ModuleId>,
    /// The modules at which the paths end.
    pub acceptors: Vec<Acceptor>,
}

/// The state of one walk up the graph.
struct Walk<'a, C> {
    /// The graph to walk in.
    graph: &'a HotGraph,
    /// The registrations to ask.
    claims: &'a C,
    /// The module from which each module was reached first; `None` for a changed module.
    from: HashMap<ModuleId, Option<ModuleId>, FxBuildHasher>,
    /// The modules to look at next.
    queue: VecDeque<ModuleId>,
    /// The modules that were looked at, each with all members of its cycle.
    seen: HashSet<ModuleId, FxBuildHasher>,
    /// Becomes [`Spread::affected`].
    affected: Vec<ModuleId>,
    /// Becomes [`Spread::acceptors`].
    acceptors: Vec<Acceptor>,
    /// The index of each owner in `acceptors`.
    places: HashMap<ModuleId, usize, FxBuildHasher>,
    /// The first path that reached a root.
    reload: Option<Vec<ModuleId>>,
    /// The first path that reached a declining module.
    restart: Option<Vec<ModuleId>>,
}

impl HotGraph {
    /// How far a change of these modules spreads. The walk looks only at modules that the change reaches.
    pub fn spread(&mut self, changed: &[ModuleId], claims: &impl Claims) -> Spread {
        self.find_cycles();
        let mut walk = Walk {
            graph: self,
            claims,
            from: HashMap::default(),
            queue: VecDeque::new(),
            seen: HashSet::default(),
            affected: Vec::new(),
            acceptors: Vec::new(),
            places: HashMap::default(),
            reload: None,
            restart: None,
        };
        for id in changed.iter().filter(|id| self.has(**id)) {
            walk.from.insert(*id, None);
            walk.queue.push_back(*id);
        }
        while let Some(id) = walk.queue.pop_front() {
            walk.look_at(id, changed);
        }
        walk.finish()
    }
}

impl<C: Claims> Walk<'_, C> {
    /// Looks at a module; if it is in a cycle, at all members of the cycle as one.
    fn look_at(&mut self, id: ModuleId, changed: &[ModuleId]) {
        if !self.seen.insert(id) {
            return;
        }
        let graph = self.graph;
        // The member that the change reached comes first, so that paths are the shortest.
        let mut members = vec![id];
        let cycle = graph.cycles.containing(id).unwrap_or_default();
        members.extend(cycle.iter().filter(|member| **member != id));
        let members = members.as_slice();
        for member in members {
            self.seen.insert(*member);
            self.from.entry(*member).or_insert(Some(id));
        }
        self.affected.extend(members);
        let declining = members.iter().find(|member| self.claims.declines(**member));
        if let Some(declining) = declining {
            self.restart.get_or_insert_with(|| way(&self.from, *declining));
        }
        if !self.is_taken(members, changed) {
            self.go_on(members);
        }
    }

    /// Whether the update is accepted by the module, or by the only entrance of the cycle.
    fn is_taken(&mut self, members: &[ModuleId], changed: &[ModuleId]) -> bool {
        let Some(entrance) = self.only_way_in(members) else {
            return false;
        };
        let by = if self.claims.is_classic(entrance) {
            By::Classic
        } else if self.claims.accepts_itself(entrance) || self.accepts_what_is_used(entrance) {
            By::Itself
        } else {
            // Within a cycle: the entrance has to accept every member at which the change came in.
            let hit = members
                .iter()
                .filter(|member| self.is_hit(**member, members, changed));
            let hit: Vec<ModuleId> = hit.copied().collect();
            if members.len() < 2 || !hit.iter().all(|member| self.claims.accepts(entrance, *member)) {
                return false;
            }
            By::Dependencies(hit)
        };
        self.accept(entrance, by, way(&self.from, entrance));
        true
    }

    fn is_hit(&self, member: ModuleId, members: &[ModuleId], changed: &[ModuleId]) -> bool {
        let came_from_outside = |from: &Option<ModuleId>| from.is_some_and(|from| !members.contains(&from));
        changed.contains(&member) || self.from.get(&member).is_some_and(came_from_outside)
    }

    /// The entrance of these members: a single module itself, or the only member of a cycle that is imported from outside
    /// of it. `None` if a cycle has several entrances.
    fn only_way_in(&self, members: &[ModuleId]) -> Option<ModuleId> {
        if let [alone] = members {
            return Some(*alone);
        }
        let is_entered = |member: ModuleId| {
            let from_outside = |importer: &ModuleId| !self.graph.cycles.has_both(member, *importer);
            self.graph.is_root(member) || self.graph.importers(member).iter().any(from_outside)
        };
        let mut entered = members.iter().copied().filter(|member| is_entered(*member));
        entered.next().filter(|_| entered.next().is_none())
    }

    /// Whether the module called `acceptExports()`, and its importers use none but these names.
    fn accepts_what_is_used(&self, id: ModuleId) -> bool {
        let Some(accepted) = self.claims.accepted_exports(id) else {
            return false;
        };
        if self.graph.is_root(id) {
            return false;
        }
        let importers = self.graph.importers(id).iter();
        let mut edges = importers.flat_map(|importer| self.graph.edges(*importer));
        edges.all(|edge| {
            let uses = |names: &std::rc::Rc<[Box<str>]>| names.iter().all(|name| accepted.contains(name));
            edge.to != id || edge.names.as_ref().is_some_and(uses)
        })
    }

    /// Follows the change to the importers of these members.
    fn go_on(&mut self, members: &[ModuleId]) {
        let graph = self.graph;
        let mut has_importer = false;
        for member in members {
            if graph.is_root(*member) {
                self.reload.get_or_insert_with(|| way(&self.from, *member));
            }
            for importer in graph.importers(*member) {
                if members.contains(importer) {
                    continue;
                }
                has_importer = true;
                if self.claims.accepts(*importer, *member) {
                    let mut way = way(&self.from, *member);
                    way.push(*importer);
                    self.accept(*importer, By::Dependencies(vec![*member]), way);
                } else if !self.from.contains_key(importer) {
                    self.from.insert(*importer, Some(*member));
                    self.queue.push_back(*importer);
                }
            }
        }
        if !has_importer && let Some(first) = members.first() {
            self.reload.get_or_insert_with(|| way(&self.from, *first));
        }
    }

    fn accept(&mut self, owner: ModuleId, by: By, way: Vec<ModuleId>) {
        let place = self.places.get(&owner).copied();
        let known = place.and_then(|place| self.acceptors.get_mut(place));
        match (known, by) {
            (Some(known), By::Dependencies(more)) => match &mut known.by {
                By::Dependencies(dependencies) => {
                    for one in more {
                        if !dependencies.contains(&one) {
                            dependencies.push(one);
                        }
                    }
                }
                By::Itself | By::Classic => {}
            },
            (Some(known), by) => known.by = by,
            (None, by) => {
                self.places.insert(owner, self.acceptors.len());
                self.acceptors.push(Acceptor { owner, by, way });
            }
        }
    }

    fn finish(self) -> Spread {
        let outcome = match (self.restart, self.reload) {
            (Some(way), _) => Outcome::Restart { way },
            (None, Some(way)) => Outcome::Reload { way },
            (None, None) => Outcome::Updated,
        };
        Spread {
            outcome,
            affected: self.affected,
            acceptors: self.acceptors,
        }
    }
}

/// The path from a changed module to this one.
fn way(from: &HashMap<ModuleId, Option<ModuleId>, FxBuildHasher>, id: ModuleId) -> Vec<ModuleId> {
    let mut way = vec![id];
    let mut at = id;
    while let Some(Some(before)) = from.get(&at).copied() {
        way.push(before);
        at = before;
    }
    way.reverse();
    way
}
