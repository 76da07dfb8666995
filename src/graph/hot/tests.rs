use std::collections::HashSet;

use super::*;

mod random;

/// `"main>a b; a~d; a!c"` reads: main imports a and b, a imports d by `import()` and c by `require()`. The first
/// module is the entry. Evaluated depth first.
#[derive(Default)]
struct World {
    names: Vec<String>,
    graph: HotGraph,
    /// `"a"`: accepts itself; `"a<b"`: a accepts b; `"a!"`: declines; `"a@"`: classic; `"a{x,y}"`: accepts these exports;
    words: HashSet<String>,
}

impl World {
    fn id(&mut self, name: &str) -> ModuleId {
        let known = self.names.iter().position(|known| known == name);
        let place = known.unwrap_or_else(|| {
            self.names.push(name.to_owned());
            self.names.len() - 1
        });
        ModuleId(u32::try_from(place).unwrap())
    }

    fn edges(&mut self, graph: &str) -> Vec<(ModuleId, Vec<Edge>)> {
        let mut all: Vec<(ModuleId, Vec<Edge>)> = Vec::new();
        for line in graph.split(';').map(str::trim).filter(|line| !line.is_empty()) {
            let at = line.find(['>', '~', '!']).unwrap_or(line.len());
            let kind = match line[at..].chars().next() {
                Some('~') => EdgeKind::Dynamic,
                Some('!') => EdgeKind::Require,
                _ => EdgeKind::Static,
            };
            let from = self.id(line[..at].trim());
            let targets = line.get(at + 1..).unwrap_or_default().split_whitespace();
            let edges: Vec<Edge> = targets
                .map(|to| {
                    // `b{x}`: only that name is used.
                    let (to, names) = to.split_once('{').map_or((to, None), |(to, names)| {
                        let names = names.trim_end_matches('}').split(',');
                        (
                            to,
                            Some(names.filter(|name| !name.is_empty()).map(Box::from).collect()),
                        )
                    });
                    let to = self.id(to);
                    Edge { to, kind, names }
                })
                .collect();
            match all.iter_mut().find(|(known, _)| *known == from) {
                Some((_, known)) => known.extend(edges),
                None => all.push((from, edges)),
            }
        }
        all
    }

    fn new(graph: &str, words: &str) -> Self {
        let mut world = Self::default();
        let edges = world.edges(graph);
        for (id, edges) in edges {
            world.graph.set_edges(id, edges);
        }
        world.graph.set_root(ModuleId(0), true);
        world.words = words.split_whitespace().map(str::to_owned).collect();
        let mut seen = HashSet::new();
        world.evaluate(ModuleId(0), &mut seen);
        world
    }

    fn evaluate(&mut self, id: ModuleId, seen: &mut HashSet<ModuleId>) {
        if seen.insert(id) {
            let edges = self.graph.edges(id).to_vec();
            for edge in edges.iter().filter(|edge| edge.kind.is_strong()) {
                self.evaluate(edge.to, seen);
            }
            self.graph.evaluated(id);
            for edge in edges {
                self.evaluate(edge.to, seen);
            }
        }
    }

    fn name(&self, id: ModuleId) -> &str {
        &self.names[id.place()]
    }

    fn text(&self, ids: &[ModuleId]) -> String {
        let names: Vec<&str> = ids.iter().map(|id| self.name(*id)).collect();
        names.join(" ")
    }

    fn acceptors(&self, acceptors: &[Acceptor]) -> String {
        let word = |acceptor: &Acceptor| {
            let owner = self.name(acceptor.owner);
            match &acceptor.by {
                By::Itself => owner.to_owned(),
                By::Classic => format!("{owner}@"),
                By::Dependencies(all) => format!("{owner}<{}", self.text(all).replace(' ', ",")),
            }
        };
        acceptors.iter().map(word).collect::<Vec<_>>().join(" ")
    }

    fn spread(&mut self, changed: &str) -> Spread {
        let changed: Vec<ModuleId> = changed.split_whitespace().map(|name| self.id(name)).collect();
        let mut graph = std::mem::take(&mut self.graph);
        let spread = graph.spread(&changed, self);
        self.graph = graph;
        spread
    }

    fn outcome(&self, spread: &Spread) -> String {
        match &spread.outcome {
            Outcome::Updated => "updated".to_owned(),
            Outcome::Reload { way } => format!("reload {}", self.text(way)),
            Outcome::Restart { way } => format!("restart {}", self.text(way)),
        }
    }

    fn staged(&mut self, graph: &str) -> Staged {
        self.edges(graph).into_iter().collect()
    }
}

impl Claims for World {
    fn accepts_itself(&self, id: ModuleId) -> bool {
        self.words.contains(self.name(id))
    }

    fn accepts(&self, importer: ModuleId, dependency: ModuleId) -> bool {
        let word = format!("{}<{}", self.name(importer), self.name(dependency));
        self.words.contains(&word)
    }

    fn accepted_exports(&self, id: ModuleId) -> Option<Vec<Box<str>>> {
        let start = format!("{}{{", self.name(id));
        let word = self.words.iter().find(|word| word.starts_with(&start))?;
        Some(
            word[start.len()..]
                .trim_end_matches('}')
                .split(',')
                .map(Box::from)
                .collect(),
        )
    }

    fn declines(&self, id: ModuleId) -> bool {
        self.words.contains(&format!("{}!", self.name(id)))
    }

    fn is_classic(&self, id: ModuleId) -> bool {
        self.words.contains(&format!("{}@", self.name(id)))
    }
}

#[test]
fn a_change_goes_up_until_every_way_ends_at_an_acceptor() {
    // graph, registrations, changed, outcome, acceptors, affected
    let table = [
        ("main>a; a>b", "a", "b", "updated", "a", "b a"),
        ("main>a; a>b", "", "b", "reload b a main", "", "b a main"),
        ("main>a; a>b", "main<a", "b", "updated", "main<a", "b a"),
        ("main>a; a>b", "main", "b", "updated", "main", "b a main"),
        ("main>a b; a>s; b>s", "a b", "s", "updated", "a b", "s a b"),
        (
            "main>a b; a>s; b>s",
            "a",
            "s",
            "reload s b main",
            "a",
            "s a b main",
        ),
        ("main>a b; a>s; b>s", "a<s b<s", "s", "updated", "a<s b<s", "s"),
        ("main>a b", "main<a main<b", "a b", "updated", "main<a,b", "a b"),
        ("main>a; a>b", "a b!", "b", "restart b", "a", "b a"),
        ("main>a; a>b", "a!", "b", "restart b a", "", "b a main"),
        ("main>a; a>b", "main<a a!", "b", "restart b a", "main<a", "b a"),
        ("main>a; a>b; b>c", "a@", "c", "updated", "a@", "c b a"),
        ("main>a; a~d", "a", "d", "updated", "a", "d a"),
        ("main>a; a~d", "a<d", "d", "updated", "a<d", "d"),
        ("main>a; a!c", "a", "c", "updated", "a", "c a"),
        // acceptExports
        ("main>a{x}; a>b", "a{x,y}", "a", "updated", "a", "a"),
        ("main>a{x,z}; a>b", "a{x,y}", "a", "reload a main", "", "a main"),
        ("main>a{}; a>b", "a{x,y}", "b", "updated", "a", "b a"),
        ("main>a; a>b", "a{x,y}", "b", "reload b a main", "", "b a main"),
        // Cycles
        ("main>a; a>b; b>a", "a", "b", "updated", "a", "a b"),
        ("main>a; a>b; b>a", "b", "b", "reload b a main", "", "a b main"),
        ("main>a b; a>b; b>a", "a", "b", "reload b main", "", "a b main"),
        ("main>p; p>a; a>b; b>a", "p<a", "b", "updated", "p<a", "a b"),
        ("main>p; p>a; a>b; b>a", "p", "b", "updated", "p", "a b p"),
        ("main>a; a>b; b>a; b>c", "a", "c", "updated", "a", "c a b"),
        ("main>a; a>b; b>a", "a<b", "b", "updated", "a<b", "a b"),
        ("main>a; a>b; b>a", "b<a", "a", "reload a main", "", "a b main"),
        ("main>a; a>a", "a", "a", "updated", "a", "a"),
        // Two changes, and one that nobody knows.
        ("main>a b", "a b", "b a", "updated", "b a", "b a"),
        ("main>a", "a", "gone", "updated", "", ""),
        ("main", "", "main", "reload main", "", "main"),
        ("main", "main", "main", "updated", "main", "main"),
    ];
    for (graph, words, changed, outcome, acceptors, affected) in table {
        let mut world = World::new(graph, words);
        let spread = world.spread(changed);
        let case = format!("{graph} | {words} | {changed}");
        assert_eq!(world.outcome(&spread), outcome, "{case}");
        assert_eq!(world.acceptors(&spread.acceptors), acceptors, "{case}");
        let mut told: Vec<&str> = spread.affected.iter().map(|id| world.name(*id)).collect();
        let mut expected: Vec<&str> = affected.split_whitespace().collect();
        told.sort_unstable();
        expected.sort_unstable();
        assert_eq!(told, expected, "{case}");
    }
}

#[test]
fn a_plan_has_its_orders() {
    // graph | registrations | changed | staged | dispose | evaluate | callbacks | prune | switch
    let table = "
        main>a; a>b | a | b | b | a b | b a | a |  | main
        main>a b; a>s; b>s | a b | s | s | b a s | s a b | a b |  | main
        main>a b; a>s; b>s | a<s b<s | s | s | s | s | a<s b<s |  | a b
        main>a; a>x y; x>l; y>l | a | l | l | a y x l | l x y a | a |  | main
        # What is new comes in source order, before its importer.
        main>a; a>b | a | a | a>n b; n>m; m | a | m n a | a |  | main
        # What is gone is pruned, with what only it has reached.
        main>a k; a>b; b>c k | a | a | a | a | a | a | b c | main
        # Changed and not imported any more: not evaluated.
        main>a; a>b | a | a b | a; b | a b | a | a | b | main
        # A pruned cycle.
        main>a; a>b; b>c; c>b | a | a | a | a | a | a | b c | main
        # A cycle is entered by its original entrance.
        main>p; p>a; a>b; b>a | p | b | b>a | p a b | b a p | p |  | main
        main>p; p>a; a>b; b>a | p<a | b | b>a | a b | b a | p<a |  | p
        # `require()`: the importer first, which asks for the rest itself.
        main>a; a!c; c!d | a | d | d | a c d | a c d | a |  | main
        # `import()`: after its importer.
        main>a; a~d; d>e | a | e | e | a d e | a e d | a |  | main
        main>a; a~d | a<d | d | d | d | d | a<d |  | a
        # Not named any more.
        main>a; a~d | a | a | a | a | a | a | d | main
        # An owner that is evaluated again imports the new version: its callback is not called.
        main>a; a>b c | a a<b | b c | b; c | a c b | b c a | a |  | main
        # Callbacks in the order of evaluation, whatever changed first.
        main>a b | a b | b a | b; a | b a | a b | a b |  | main
        # Independent cycles.
        main>a c; a>b; b>a; c>d; d>c | a c | d b | d>c; b>a | c d a b | b a d c | a c |  | main
    ";
    let rows = table.lines().map(str::trim);
    for row in rows.filter(|row| !row.is_empty() && !row.starts_with('#')) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let [
            graph,
            words,
            changed,
            staged,
            dispose,
            evaluate,
            callbacks,
            prune,
            switch,
        ] = cells[..]
        else {
            panic!("nine columns: {row}");
        };
        let mut world = World::new(graph, words);
        let spread = world.spread(changed);
        let staged = world.staged(staged);
        let plan = world.graph.plan(&spread, &staged);
        let case = format!("{graph} | {words} | {changed}");
        assert_eq!(world.outcome(&spread), "updated", "{case}");
        assert_eq!(world.text(&plan.dispose), dispose, "dispose: {case}");
        assert_eq!(world.text(&plan.evaluate), evaluate, "evaluate: {case}");
        assert_eq!(world.acceptors(&plan.callbacks), callbacks, "callbacks: {case}");
        assert_eq!(world.text(&plan.prune), prune, "prune: {case}");
        assert_eq!(world.text(&plan.switch), switch, "switch: {case}");
    }
}

#[test]
fn a_reload_evaluates_what_the_entries_reach_and_prunes_the_rest() {
    let mut world = World::new("main>a b; a>s; b>s; b~d; b>old", "");
    let staged = world.staged("b>s new; b~d; new");
    let plan = world.graph.reload_plan(&[ModuleId(0)], &staged);
    assert_eq!(world.text(&plan.dispose), "main b old d a s");
    assert_eq!(world.text(&plan.evaluate), "s a new b main");
    assert_eq!(world.text(&plan.prune), "old");
    assert_eq!(world.text(&plan.added), "new");
}

#[test]
fn edges_that_make_or_open_a_cycle_are_noticed() {
    let mut world = World::new("main>a; a>b; b>c", "a");
    let [a, b, c] = ["a", "b", "c"].map(|name| world.id(name));
    let statics = |to: ModuleId| vec![Edge::new(to, EdgeKind::Static)];
    assert_eq!(world.spread("b").affected, [b, a]);
    world.graph.set_edges(c, statics(b));
    assert_eq!(world.spread("b").affected.len(), 3);
    world.graph.set_edges(c, Vec::new());
    assert_eq!(world.spread("b").affected, [b, a]);
    world.graph.add_edge(c, Edge::new(a, EdgeKind::Dynamic));
    assert_eq!(world.outcome(&world.graph.clone_spread(b, &world)), "updated");
}

impl HotGraph {
    /// Finds all cycles anew first.
    fn clone_spread(&self, changed: ModuleId, claims: &World) -> Spread {
        let mut fresh = Self::default();
        for id in self.all() {
            fresh.set_edges(id, self.edges(id).to_vec());
            fresh.set_root(id, self.is_root(id));
        }
        fresh.spread(&[changed], claims)
    }
}
