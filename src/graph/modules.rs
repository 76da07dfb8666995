//! The modules that hot modules reach, which of them are stale, and what has to be loaded again.
//!
//! A *user* is a hot module. No edge leads to a user: it is a boundary. A module is *stale* when its file changed after
//! it was loaded, or when a module that it imports was loaded again and it was not. It stays stale until it is loaded: a
//! module that could not be loaded, or had to wait, is loaded with the next change.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::rc::Rc;

use smallvec::SmallVec;

use rustc_hash::FxBuildHasher;

/// A module of one graph. Nodes are ordered by the time when they were added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Node {
    /// A number that no other node ever has.
    number: u32,
    /// The index into `entries`. A later node may have it again, once this one is gone.
    place: u32,
}

impl std::hash::Hash for Node {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        state.write_u32(self.number);
    }
}

/// A map with nodes of one graph as keys. Each slot holds the number of its node and the value.
#[derive(Debug)]
pub struct NodeMap<T>(Vec<Option<(u32, T)>>);

impl<T: Copy> NodeMap<T> {
    /// Sets the value of a module.
    pub fn insert(&mut self, node: Node, value: T) {
        let place = node.place as usize;
        if place >= self.0.len() {
            self.0.resize((place + 1).next_power_of_two(), None);
        }
        if let Some(slot) = self.0.get_mut(place) {
            *slot = Some((node.number, value));
        }
    }

    /// The value of this module; never that of an older node with the same place.
    pub fn get(&self, node: Node) -> Option<T> {
        let (number, value) = (*self.0.get(node.place as usize)?)?;
        (number == node.number).then_some(value)
    }
}

impl<T> Default for NodeMap<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// What the graph knows of one module.
#[derive(Debug)]
struct Entry {
    /// The node that this entry belongs to now, since places are used again.
    node: Node,
    /// The module's name: its path.
    name: Rc<str>,
    /// Whether the module is a user: a hot module.
    is_user: bool,
    /// How many children Node's record of the module had at our last look; `None` if we have to look again.
    seen: Option<u32>,
    /// The modules that this one imports, each once.
    imports: Vec<Node>,
    /// The modules that import this one. Most have one or two.
    importers: SmallVec<[Node; 2]>,
}

/// The graph that this file's first comment describes.
#[derive(Debug, Default)]
pub struct ModuleGraph {
    /// Every node by the name of its module.
    nodes: HashMap<Rc<str>, Node, FxBuildHasher>,
    /// The entries by place.
    entries: Vec<Option<Entry>>,
    /// The places that have no entry and can be used again.
    free: Vec<u32>,
    /// The modules marked as stale.
    stale: BTreeSet<Node>,
    /// The number of the newest node.
    last: u32,
    /// Whether some module lost an importer since the last sweep.
    has_dropped: bool,
}

impl ModuleGraph {
    /// The module of that name.
    pub fn find(&self, name: &str) -> Option<Node> {
        self.nodes.get(name).copied()
    }

    /// The module of that name, added if it is not there.
    pub fn add(&mut self, name: &str, is_user: bool) -> Node {
        self.find(name).unwrap_or_else(|| self.add_unknown(name, is_user))
    }

    /// Adds a module whose name is not in the graph yet.
    pub fn add_unknown(&mut self, name: &str, is_user: bool) -> Node {
        self.last += 1;
        let place = self.free.pop().unwrap_or_else(|| {
            self.entries.push(None);
            u32::try_from(self.entries.len() - 1).unwrap_or(u32::MAX)
        });
        let (number, name): (_, Rc<str>) = (self.last, Rc::from(name));
        let node = Node { number, place };
        // Growing the map hashes all names again, so it grows rarely.
        if self.nodes.len() == self.nodes.capacity() {
            self.nodes.reserve(3 * self.nodes.len());
        }
        self.nodes.insert(Rc::clone(&name), node);
        if let Some(entry) = self.entries.get_mut(place as usize) {
            *entry = Some(Entry {
                node,
                name,
                is_user,
                seen: None,
                imports: Vec::new(),
                importers: SmallVec::new(),
            });
        }
        node
    }

    fn entry(&self, node: Node) -> Option<&Entry> {
        let entry = self.entries.get(node.place as usize)?.as_ref();
        entry.filter(|entry| entry.node == node)
    }

    fn entry_mut(&mut self, node: Node) -> Option<&mut Entry> {
        let entry = self.entries.get_mut(node.place as usize)?.as_mut();
        entry.filter(|entry| entry.node == node)
    }

    fn all(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().flatten()
    }

    /// A module's name. Empty for a module that is gone.
    pub fn name(&self, node: Node) -> Rc<str> {
        self.entry(node)
            .map_or_else(|| Rc::from(""), |entry| Rc::clone(&entry.name))
    }

    /// How many children Node's record of the module had at our last look; `None` if we have to look again.
    pub fn seen(&self, node: Node) -> Option<u32> {
        self.entry(node)?.seen
    }

    /// Notes that Node's record of a module has to be looked at again.
    pub fn forget_seen(&mut self, node: Node) {
        if let Some(entry) = self.entry_mut(node) {
            entry.seen = None;
        }
    }

    /// Notes that Node's record of every module has to be looked at again.
    pub fn forget_all_seen(&mut self) {
        for entry in self.entries.iter_mut().flatten() {
            entry.seen = None;
        }
    }

    /// The names of all modules.
    pub fn names(&self) -> Vec<Rc<str>> {
        self.nodes.keys().cloned().collect()
    }

    /// Sets what a module imports, each once, and how many children Node's record had at this look.
    pub fn set_imports(&mut self, node: Node, imports: Vec<Node>, seen: u32) {
        let Some(entry) = self.entry_mut(node) else {
            return;
        };
        entry.seen = Some(seen);
        if entry.imports == imports {
            return;
        }
        if entry.imports.is_empty() {
            for new in &imports {
                if let Some(entry) = self.entry_mut(*new) {
                    entry.importers.push(node);
                }
            }
            if let Some(entry) = self.entry_mut(node) {
                entry.imports = imports;
            }
            return;
        }
        let old = std::mem::replace(&mut entry.imports, imports.clone());
        let now: HashSet<Node, FxBuildHasher> = imports.iter().copied().collect();
        for gone in old.iter().filter(|it| !now.contains(it)) {
            self.has_dropped = true;
            if let Some(entry) = self.entry_mut(*gone) {
                entry.importers.retain(|it| *it != node);
            }
        }
        let before: HashSet<Node, FxBuildHasher> = old.into_iter().collect();
        for new in imports.into_iter().filter(|it| !before.contains(it)) {
            if let Some(entry) = self.entry_mut(new) {
                entry.importers.push(node);
            }
        }
    }

    /// Removes all edges to the module of that name, since it has become a boundary.
    pub fn cut(&mut self, name: &str) {
        let Some(node) = self.find(name) else { return };
        self.has_dropped = true;
        let Some(entry) = self.entry_mut(node) else {
            return;
        };
        for importer in std::mem::take(&mut entry.importers) {
            if let Some(entry) = self.entry_mut(importer) {
                entry.imports.retain(|it| *it != node);
            }
        }
    }

    /// Notes that a module's file changed.
    pub fn mark_stale(&mut self, node: Node) {
        self.stale.insert(node);
    }

    /// The users that reach any of these modules, in the order in which they were added.
    pub fn users_of(&self, changed: &[Node]) -> Vec<Node> {
        let reached = self.reach(changed, |entry| &entry.importers).into_iter();
        let users: BTreeSet<Node> = reached.filter(|node| self.is_user(*node)).collect();
        users.into_iter().collect()
    }

    /// What to load again for these users: every module, except users, on a path from one of them to a stale module.
    pub fn slice(&self, users: &[Node]) -> Vec<Node> {
        let stale: Vec<Node> = self.stale.iter().copied().collect();
        let outdated: HashSet<Node, FxBuildHasher> =
            self.reach(&stale, |entry| &entry.importers).into_iter().collect();
        let mut slice = Vec::new();
        let mut seen: HashSet<Node, FxBuildHasher> = users.iter().copied().collect();
        let mut open: VecDeque<Node> = users.iter().copied().collect();
        while let Some(node) = open.pop_front() {
            for import in self.imports(node) {
                if outdated.contains(import) && seen.insert(*import) {
                    slice.push(*import);
                    open.push_back(*import);
                }
            }
        }
        slice
    }

    /// Notes that these modules are loaded, or will be at the next `require`. Their other importers become stale, since they
    /// hold old versions.
    pub fn settle(&mut self, loaded: &[Node]) {
        let loaded: HashSet<Node, FxBuildHasher> = loaded.iter().copied().collect();
        let mut stale = std::mem::take(&mut self.stale);
        for entry in loaded.iter().filter_map(|node| self.entry(*node)) {
            stale.extend(&entry.importers);
        }
        stale.retain(|node| !loaded.contains(node));
        self.stale = stale;
    }

    /// The shortest path from one of the changed modules up to a user, both ends included.
    pub fn way(&self, changed: &[Node], user: Node) -> Vec<Node> {
        let mut import_on_way: HashMap<Node, Option<Node>, FxBuildHasher> = HashMap::default();
        let mut open: VecDeque<Node> = VecDeque::new();
        for node in changed {
            import_on_way.insert(*node, None);
            open.push_back(*node);
        }
        while let Some(node) = open.pop_front() {
            if node == user {
                let next = |node: &Node| import_on_way.get(node).copied().flatten();
                let mut way: Vec<Node> = std::iter::successors(Some(node), next).collect();
                way.reverse();
                return way;
            }
            let Some(entry) = self.entry(node) else {
                continue;
            };
            for importer in &entry.importers {
                import_on_way.entry(*importer).or_insert_with(|| {
                    open.push_back(*importer);
                    Some(node)
                });
            }
        }
        Vec::new()
    }

    /// Every module that a user reaches, nearest first, without the user.
    pub fn reached_by(&self, user: Node) -> Vec<Node> {
        let mut reached = self.reach(&[user], |entry| &entry.imports);
        reached.retain(|node| *node != user);
        reached
    }

    /// Removes the modules that no user reaches, and returns their names.
    pub fn sweep(&mut self) -> Vec<Rc<str>> {
        if !std::mem::take(&mut self.has_dropped) {
            return Vec::new();
        }
        let users: Vec<Node> = self
            .all()
            .filter(|entry| entry.is_user)
            .map(|entry| entry.node)
            .collect();
        let reached = self.reach(&users, |entry| &entry.imports);
        if reached.len() == self.nodes.len() {
            return Vec::new();
        }
        let reached: HashSet<Node, FxBuildHasher> = reached.into_iter().collect();
        let gone: Vec<Node> = self
            .all()
            .map(|entry| entry.node)
            .filter(|node| !reached.contains(node))
            .collect();
        let names = gone.into_iter().filter_map(|node| self.forget(node)).collect();
        self.has_dropped = false;
        names
    }

    /// Removes one module. Modules that only it reached are removed by the next [`ModuleGraph::sweep`].
    pub fn remove(&mut self, name: &str) {
        if let Some(node) = self.find(name) {
            self.forget(node);
        }
    }

    fn forget(&mut self, node: Node) -> Option<Rc<str>> {
        self.entry(node)?;
        let entry = self.entries.get_mut(node.place as usize)?.take()?;
        self.free.push(node.place);
        self.has_dropped = true;
        self.nodes.remove(&entry.name);
        self.stale.remove(&node);
        for import in &entry.imports {
            if let Some(entry) = self.entry_mut(*import) {
                entry.importers.retain(|it| *it != node);
            }
        }
        for importer in &entry.importers {
            if let Some(entry) = self.entry_mut(*importer) {
                entry.imports.retain(|it| *it != node);
            }
        }
        Some(entry.name)
    }

    fn is_user(&self, node: Node) -> bool {
        self.entry(node).is_some_and(|entry| entry.is_user)
    }

    fn imports(&self, node: Node) -> &[Node] {
        self.entry(node)
            .map(|entry| entry.imports.as_slice())
            .unwrap_or_default()
    }

    fn reach(&self, start: &[Node], next: impl Fn(&Entry) -> &[Node]) -> Vec<Node> {
        let mut seen: HashSet<Node, FxBuildHasher> = HashSet::default();
        let mut reached: Vec<Node> = start.iter().copied().filter(|node| seen.insert(*node)).collect();
        let mut index = 0;
        while let Some(node) = reached.get(index) {
            if let Some(entry) = self.entry(*node) {
                reached.extend(next(entry).iter().copied().filter(|it| seen.insert(*it)));
            }
            index += 1;
        }
        reached
    }
}

#[cfg(test)]
mod tests;
