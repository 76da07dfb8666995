//! The hot modules of a program, which imports which, and what one update does to them. Pure: no JavaScript.
//!
//! An update is planned in two steps. [`HotGraph::spread`] follows a change up along the running importers, until every
//! path ends at an acceptor. [`HotGraph::plan`] also knows what the new versions import, and returns the orders: whose
//! disposers run, which modules are evaluated, whose callbacks are called, which modules are pruned.
//!
//! | file | what it knows |
//! |---|---|
//! | `mod.rs` | the graph |
//! | `spread.rs` | how far a change spreads, and who accepts it |
//! | `plan.rs` | what one update does, in which order |
//! | `components.rs` | cycles |

mod components;
mod plan;
mod spread;
#[cfg(test)]
mod tests;

pub use plan::{Plan, Staged};
pub use spread::{Acceptor, By, Claims, Outcome, Spread};

use std::collections::HashSet;
use std::rc::Rc;

use rustc_hash::FxBuildHasher;
use rustc_hash::FxHashSet;
use smallvec::SmallVec;

use components::Cycles;

/// The number of one hot module (a file with its query). The loader of the modules numbers them from 0, without gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModuleId(pub u32);

impl ModuleId {
    const fn place(self) -> usize {
        self.0 as usize
    }
}

/// How a module imports another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EdgeKind {
    /// `import … from`, `export … from`: evaluated before the importer.
    Static,
    /// `require()`: evaluated when the importer's code reaches the call.
    Require,
    /// `import()`: evaluated later, or never.
    Dynamic,
}

impl EdgeKind {
    /// Whether a circle of edges of this kind counts as a cycle, which is evaluated as a whole.
    const fn is_strong(self) -> bool {
        !matches!(self, Self::Dynamic)
    }
}

/// One module imports another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// The imported module.
    pub to: ModuleId,
    /// How the module is imported.
    pub kind: EdgeKind,
    /// The exports that the importer uses. `None`: perhaps all, as with a namespace, `export *`, `import()`, `require()`.
    pub names: Option<Rc<[Box<str>]>>,
}

impl Edge {
    /// An edge whose importer may use any name.
    pub const fn new(to: ModuleId, kind: EdgeKind) -> Self {
        Self {
            to,
            kind,
            names: None,
        }
    }
}

/// What the graph knows of one module.
#[derive(Debug, Default)]
struct Node {
    /// What the module imports, in source order.
    edges: Vec<Edge>,
    /// The modules that import this one, each once. Most modules have one or two.
    importers: SmallVec<[ModuleId; 2]>,
    /// Whether the module is the entry, or is imported from outside of the hot modules.
    is_root: bool,
    /// Whether a runtime of the classic API keeps the module up to date.
    is_held: bool,
    /// The place in the order in which evaluations ended first since the last reload; `u32::MAX` before. Imported modules
    /// come before their importers, and of a cycle its entrance comes last.
    order: u32,
}

/// The graph that this file's first comment describes.
#[derive(Debug, Default)]
pub struct HotGraph {
    /// The modules by number.
    nodes: Vec<Option<Node>>,
    /// The modules that runtimes of the classic API keep up to date, of those that are there.
    held: Vec<ModuleId>,
    /// The cycles, if they are known.
    cycles: Cycles,
    /// The next number for `Node::order`.
    last_order: u32,
}

impl HotGraph {
    /// Adds a module without imports and importers, unless it is there.
    pub fn add(&mut self, id: ModuleId) {
        if self.nodes.len() <= id.place() {
            self.nodes.resize_with(id.place() + 1, || None);
        }
        if let Some(slot) = self.nodes.get_mut(id.place())
            && slot.is_none()
        {
            *slot = Some(Node {
                order: u32::MAX,
                ..Node::default()
            });
        }
    }

    /// Whether the module is there.
    pub fn has(&self, id: ModuleId) -> bool {
        self.node(id).is_some()
    }

    /// All modules.
    pub fn all(&self) -> impl Iterator<Item = ModuleId> + '_ {
        let numbered = (0_u32..).zip(&self.nodes);
        numbered.filter_map(|(number, node)| node.is_some().then_some(ModuleId(number)))
    }

    /// The modules that a reload begins with, by number.
    pub fn roots(&self) -> impl Iterator<Item = ModuleId> + '_ {
        self.all()
            .filter(|id| self.node(*id).is_some_and(|node| node.is_root && !node.is_held))
    }

    /// The modules that runtimes of the classic API keep up to date, by number.
    pub fn held(&self) -> impl Iterator<Item = ModuleId> + '_ {
        self.held.iter().copied()
    }

    /// Sets which modules the runtimes of the classic API keep up to date. Returns the modules that they no longer do.
    pub fn set_held(&mut self, held: &HashSet<ModuleId, FxBuildHasher>) -> Vec<ModuleId> {
        let before: Vec<ModuleId> = self.held().filter(|id| !held.contains(id)).collect();
        for id in before.iter().chain(held) {
            if let Some(node) = self.node_mut(*id) {
                node.is_held = held.contains(id);
            }
        }
        self.held = held.iter().copied().filter(|id| self.has(*id)).collect();
        self.held.sort_unstable();
        before
    }

    /// Sets whether the module is the entry or is imported from outside of the hot modules.
    pub fn set_root(&mut self, id: ModuleId, is_root: bool) {
        if let Some(node) = self.node_mut(id) {
            node.is_root = is_root;
        }
    }

    /// Whether the module is the entry, or is imported from outside of the hot modules or by a runtime.
    pub fn is_root(&self, id: ModuleId) -> bool {
        self.node(id).is_some_and(|node| node.is_root || node.is_held)
    }

    /// Notes that the module's evaluation has ended. Only the first time counts.
    pub fn evaluated(&mut self, id: ModuleId) {
        let next = self.last_order;
        if let Some(node) = self.node_mut(id)
            && node.order == u32::MAX
        {
            node.order = next;
            self.last_order += 1;
        }
    }

    /// Forgets the order of evaluation, as everything is about to be evaluated again.
    pub fn forget_order(&mut self) {
        self.last_order = 0;
        for node in self.nodes.iter_mut().flatten() {
            node.order = u32::MAX;
        }
    }

    /// What the module imports, in source order.
    pub fn edges(&self, id: ModuleId) -> &[Edge] {
        self.node(id).map_or(&[], |node| &node.edges)
    }

    /// The modules that import this one.
    pub fn importers(&self, id: ModuleId) -> &[ModuleId] {
        self.node(id).map_or(&[], |node| &node.importers)
    }

    /// Every module that imports one of these, directly or through others.
    pub fn above(&self, modules: &[ModuleId]) -> Vec<ModuleId> {
        let mut seen: FxHashSet<ModuleId> = FxHashSet::default();
        let mut waiting = modules.to_vec();
        while let Some(id) = waiting.pop() {
            waiting.extend(
                self.importers(id)
                    .iter()
                    .filter(|importer| seen.insert(**importer)),
            );
        }
        seen.into_iter().collect()
    }

    /// Sets what the running version of a module imports, and adds the targets that are not there.
    pub fn set_edges(&mut self, id: ModuleId, edges: Vec<Edge>) {
        self.add(id);
        for edge in &edges {
            self.add(edge.to);
        }
        let Some(node) = self.node_mut(id) else { return };
        let leads_alike = |(old, new): (&Edge, &Edge)| old.to == new.to && old.kind == new.kind;
        if node.edges.len() == edges.len() && node.edges.iter().zip(&edges).all(leads_alike) {
            node.edges = edges;
            return;
        }
        let old = std::mem::take(&mut node.edges);
        for edge in &old {
            if !edges.iter().any(|new| new.to == edge.to)
                && let Some(node) = self.node_mut(edge.to)
            {
                node.importers.retain(|importer| *importer != id);
            }
        }
        for edge in &edges {
            if let Some(node) = self.node_mut(edge.to)
                && node.importers.last() != Some(&id)
                && !node.importers.contains(&id)
            {
                node.importers.push(id);
            }
        }
        self.note_cycles(id, &old, &edges);
        if let Some(node) = self.node_mut(id) {
            node.edges = edges;
        }
    }

    /// Adds one import to those of a running module: it has called `import()` or `require()`.
    pub fn add_edge(&mut self, from: ModuleId, edge: Edge) {
        let mut edges = self.edges(from).to_vec();
        let is_known = |known: &Edge| known.to == edge.to && known.kind == edge.kind;
        if !edges.iter().any(is_known) {
            edges.push(edge);
            self.set_edges(from, edges);
        }
    }

    /// Removes a module, with its edges and those of its importers to it.
    pub fn remove(&mut self, id: ModuleId) {
        self.set_edges(id, Vec::new());
        let importers = self.importers(id).to_vec();
        for importer in importers {
            if let Some(node) = self.node_mut(importer) {
                node.edges.retain(|edge| edge.to != id);
            }
        }
        self.held.retain(|held| *held != id);
        if let Some(slot) = self.nodes.get_mut(id.place()) {
            *slot = None;
        }
    }

    fn node(&self, id: ModuleId) -> Option<&Node> {
        self.nodes.get(id.place())?.as_ref()
    }

    fn node_mut(&mut self, id: ModuleId) -> Option<&mut Node> {
        self.nodes.get_mut(id.place())?.as_mut()
    }

    fn order(&self, id: ModuleId) -> u32 {
        self.node(id).map_or(u32::MAX, |node| node.order)
    }
}
