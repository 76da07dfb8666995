//! The modules that users reach, what is stale among them, and what has to be loaded again for a user.
//!
//! A *user* is a hot module: nothing imports it here, for it is a boundary of its own. A module is *stale* when its
//! file changed after it was loaded, or when something that it imports was loaded again without it. Staleness lasts
//! until the module is loaded: what could not be loaded, or had to wait, is loaded with the next change.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::rc::Rc;

use smallvec::SmallVec;

use rustc_hash::FxBuildHasher;

/// A module of one graph. Of two, the one that was added first is the lesser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Node {
    number: u32,
    place: u32,
}

impl std::hash::Hash for Node {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        state.write_u32(self.number);
    }
}

/// Something for each of many modules of one graph, by place.
#[derive(Debug)]
pub struct NodeMap<T>(Vec<Option<(u32, T)>>);

impl<T: Copy> NodeMap<T> {
    /// Notes it for a module, in place of what was noted before.
    pub fn insert(&mut self, node: Node, value: T) {
        let place = node.place as usize;
        if place >= self.0.len() {
            self.0.resize((place + 1).next_power_of_two(), None);
        }
        if let Some(slot) = self.0.get_mut(place) {
            *slot = Some((node.number, value));
        }
    }

    /// What was noted for this module, not for one that had its place before.
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

#[derive(Debug)]
struct Entry {
    /// Whose it is: places are used again.
    node: Node,
    name: Rc<str>,
    is_user: bool,
    /// How many imports its record had when it was looked at; none if it has to be looked at again.
    seen: Option<u32>,
    imports: Vec<Node>,
    /// Most modules have one or two.
    importers: SmallVec<[Node; 2]>,
}

/// See the module's documentation.
#[derive(Debug, Default)]
pub struct ModuleGraph {
    nodes: HashMap<Rc<str>, Node, FxBuildHasher>,
    entries: Vec<Option<Entry>>,
    /// Places in `entries` without one.
    free: Vec<u32>,
    stale: BTreeSet<Node>,
    last: u32,
    /// Something lost an importer since the last sweep.
    has_dropped: bool,
}

impl ModuleGraph {
    /// The module of that name.
    pub fn find(&self, name: &str) -> Option<Node> {
        self.nodes.get(name).copied()
    }

    /// The module of that name, new if need be.
    pub fn add(&mut self, name: &str, is_user: bool) -> Node {
        self.find(name).unwrap_or_else(|| self.add_unknown(name, is_user))
    }

    /// A new module, whose name `find` does not know.
    pub fn add_unknown(&mut self, name: &str, is_user: bool) -> Node {
        self.last += 1;
        let place = self.free.pop().unwrap_or_else(|| {
            self.entries.push(None);
            u32::try_from(self.entries.len() - 1).unwrap_or(u32::MAX)
        });
        let (number, name): (_, Rc<str>) = (self.last, Rc::from(name));
        let node = Node { number, place };
        // Each growth reads all names once more, for their hashes.
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

    /// A module's name. Empty for one that is gone.
    pub fn name(&self, node: Node) -> Rc<str> {
        self.entry(node)
            .map_or_else(|| Rc::from(""), |entry| Rc::clone(&entry.name))
    }

    /// How many imports were seen of a module, if it need not be looked at again.
    pub fn seen(&self, node: Node) -> Option<u32> {
        self.entry(node)?.seen
    }

    /// A module has to be looked at again.
    pub fn forget_seen(&mut self, node: Node) {
        if let Some(entry) = self.entry_mut(node) {
            entry.seen = None;
        }
    }

    /// Every module has to be looked at again.
    pub fn forget_all_seen(&mut self) {
        for entry in self.entries.iter_mut().flatten() {
            entry.seen = None;
        }
    }

    /// The names of all modules.
    pub fn names(&self) -> Vec<Rc<str>> {
        self.nodes.keys().cloned().collect()
    }

    /// Notes what a module imports, each once, and how many imports were looked at for that.
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

    /// Nothing imports the module of that name any more: it is a boundary now.
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

    /// A module's file changed.
    pub fn mark_stale(&mut self, node: Node) {
        self.stale.insert(node);
    }

    /// The users that reach any of these modules, in the order in which they were added.
    pub fn users_of(&self, changed: &[Node]) -> Vec<Node> {
        let reached = self.reach(changed, |entry| &entry.importers).into_iter();
        let users: BTreeSet<Node> = reached.filter(|node| self.is_user(*node)).collect();
        users.into_iter().collect()
    }

    /// What to load again for these users: all modules, users excepted, on a way from one of them to a stale one.
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

    /// These modules are loaded, or will be when they are next asked for. What imports one of them and is not among
    /// them holds an old version of it.
    pub fn settle(&mut self, loaded: &[Node]) {
        let loaded: HashSet<Node, FxBuildHasher> = loaded.iter().copied().collect();
        let mut stale = std::mem::take(&mut self.stale);
        for entry in loaded.iter().filter_map(|node| self.entry(*node)) {
            stale.extend(&entry.importers);
        }
        stale.retain(|node| !loaded.contains(node));
        self.stale = stale;
    }

    /// The shortest way from one of the changed modules up to a user: both ends and what lies between.
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

    /// All that a user reaches, nearest first, without the user.
    pub fn reached_by(&self, user: Node) -> Vec<Node> {
        let mut reached = self.reach(&[user], |entry| &entry.imports);
        reached.retain(|node| *node != user);
        reached
    }

    /// Forgets what no user reaches, and gives its names.
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

    /// Forgets one module. What only it reached goes with the next [`ModuleGraph::sweep`].
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
