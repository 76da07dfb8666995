use std::collections::HashSet;

use super::*;

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

struct Random(u32);

impl Random {
    fn below(&mut self, limit: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 % limit
    }
}

/// Some registrations, by number.
#[derive(Default, Debug)]
struct Drawn {
    itself: HashSet<u32>,
    dependencies: HashSet<(u32, u32)>,
}

impl Claims for Drawn {
    fn accepts_itself(&self, id: ModuleId) -> bool {
        self.itself.contains(&id.0)
    }

    fn accepts(&self, importer: ModuleId, dependency: ModuleId) -> bool {
        self.dependencies.contains(&(importer.0, dependency.0))
    }

    fn accepted_exports(&self, _: ModuleId) -> Option<Vec<Box<str>>> {
        None
    }

    fn declines(&self, _: ModuleId) -> bool {
        false
    }

    fn is_classic(&self, _: ModuleId) -> bool {
        false
    }
}

/// Whom each module leads to, by trying until nothing is added.
fn closure(modules: u32, edges: &[(u32, u32)]) -> HashSet<(u32, u32)> {
    let mut all: HashSet<(u32, u32)> = edges.iter().copied().collect();
    loop {
        let mut more = all.clone();
        for (a, b) in &all {
            more.extend((0..modules).filter(|c| all.contains(&(*b, *c))).map(|c| (*a, c)));
        }
        if more.len() == all.len() {
            return all;
        }
        all = more;
    }
}

/// What is affected, or `None` for a reload, said as plainly as possible.
fn naive(modules: u32, edges: &[(u32, u32)], claims: &Drawn, changed: u32) -> Option<HashSet<u32>> {
    let leads = closure(modules, edges);
    let is_one = |a: u32, b: u32| a == b || leads.contains(&(a, b)) && leads.contains(&(b, a));
    let mut affected: HashSet<u32> = HashSet::from([changed]);
    let mut entered = affected.clone();
    loop {
        let mut next = affected.clone();
        for member in &affected {
            let cycle: Vec<u32> = (0..modules).filter(|other| is_one(*member, *other)).collect();
            next.extend(&cycle);
            let ways: HashSet<u32> = edges
                .iter()
                .filter(|(from, to)| cycle.contains(to) && !cycle.contains(from))
                .map(|(_, to)| *to)
                .chain(cycle.iter().copied().filter(|it| *it == 0))
                .collect();
            let alone = [*member];
            let candidates: Vec<u32> = if cycle.len() == 1 {
                alone.to_vec()
            } else {
                ways.iter().copied().collect()
            };
            if let [only] = candidates[..] {
                let hit: Vec<u32> = cycle.iter().copied().filter(|it| entered.contains(it)).collect();
                let within =
                    cycle.len() > 1 && hit.iter().all(|it| claims.dependencies.contains(&(only, *it)));
                if claims.itself.contains(&only) || within {
                    continue;
                }
            }
            if cycle.contains(&0) || ways.is_empty() && cycle.len() > 1 {
                return None;
            }
            let mut is_imported = false;
            for (from, to) in edges
                .iter()
                .filter(|(from, to)| cycle.contains(to) && !cycle.contains(from))
            {
                is_imported = true;
                if !claims.dependencies.contains(&(*from, *to)) {
                    next.insert(*from);
                    entered.insert(*from);
                }
            }
            if !is_imported {
                return None;
            }
        }
        if next.len() == affected.len() {
            return Some(affected);
        }
        affected = next;
    }
}

#[test]
fn random_graphs_agree_with_a_naive_model() {
    let mut random = Random(0x2545_f491);
    for round in 0..3000 {
        let modules = 2 + random.below(7);
        let edges: Vec<(u32, u32)> = (0..random.below(14))
            .map(|_| (random.below(modules), random.below(modules)))
            .collect();
        let mut claims = Drawn::default();
        for _ in 0..random.below(4) {
            claims.itself.insert(random.below(modules));
        }
        for _ in 0..random.below(6) {
            claims
                .dependencies
                .insert((random.below(modules), random.below(modules)));
        }
        let mut graph = HotGraph::default();
        for id in 0..modules {
            let own = edges.iter().filter(|(from, _)| *from == id);
            let own = own.map(|(_, to)| Edge::new(ModuleId(*to), EdgeKind::Static));
            graph.set_edges(ModuleId(id), own.collect());
        }
        graph.set_root(ModuleId(0), true);
        let mut seen = HashSet::new();
        evaluate(&mut graph, ModuleId(0), &mut seen);
        let changed = random.below(modules);
        if !seen.contains(&ModuleId(changed)) {
            continue;
        }
        let case = format!("{round}: {edges:?} {claims:?} {changed}");
        // What is not reached would not be there.
        for id in (0..modules).map(ModuleId).filter(|id| !seen.contains(id)) {
            graph.remove(id);
        }
        let edges: Vec<_> = edges
            .into_iter()
            .filter(|(from, _)| seen.contains(&ModuleId(*from)))
            .collect();
        let spread = graph.spread(&[ModuleId(changed)], &claims);
        let expected = naive(modules, &edges, &claims, changed);
        assert_eq!(spread.outcome == Outcome::Updated, expected.is_some(), "{case}");
        let Some(expected) = expected else { continue };
        let affected: HashSet<u32> = spread.affected.iter().map(|id| id.0).collect();
        assert_eq!(affected, expected, "{case}");
        check_plan(&graph, &spread, &edges, &case);
    }
}

/// Each once; what is imported before its importer, but for cycles; disposers the other way round.
fn check_plan(graph: &HotGraph, spread: &Spread, edges: &[(u32, u32)], case: &str) {
    let leads = closure(8, edges);
    let plan = graph.plan(spread, &Staged::default());
    let place = |all: &[ModuleId], id: u32| all.iter().position(|it| it.0 == id);
    for (from, to) in edges.iter().filter(|(from, to)| !leads.contains(&(*to, *from))) {
        if let (Some(importer), Some(imported)) = (place(&plan.evaluate, *from), place(&plan.evaluate, *to)) {
            assert!(imported < importer, "{case}: {:?}", plan.evaluate);
        }
        if let (Some(importer), Some(imported)) = (place(&plan.dispose, *from), place(&plan.dispose, *to)) {
            assert!(importer < imported, "{case}: {:?}", plan.dispose);
        }
    }
    for order in [&plan.evaluate, &plan.dispose] {
        let once: HashSet<&ModuleId> = order.iter().collect();
        assert_eq!(once.len(), order.len(), "{case}");
        assert_eq!(once, spread.affected.iter().collect(), "{case}");
    }
}

fn evaluate(graph: &mut HotGraph, id: ModuleId, seen: &mut HashSet<ModuleId>) {
    if seen.insert(id) {
        for edge in graph.edges(id).to_vec() {
            evaluate(graph, edge.to, seen);
        }
        graph.evaluated(id);
    }
}

#[test]
fn pruning_agrees_with_reachability() {
    let mut random = Random(0x1234_5678);
    for round in 0..2000 {
        let modules = 3 + random.below(8);
        let mut graph = HotGraph::default();
        let draw = |random: &mut Random, id: u32| {
            let count = random.below(4);
            let edges = (0..count).map(|_| Edge::new(ModuleId(random.below(modules)), EdgeKind::Static));
            let edges: Vec<Edge> = edges.filter(|edge| edge.to.0 != id).collect();
            edges
        };
        for id in 0..modules {
            let edges = draw(&mut random, id);
            graph.set_edges(ModuleId(id), edges);
        }
        graph.set_root(ModuleId(0), true);
        let mut seen = HashSet::new();
        evaluate(&mut graph, ModuleId(0), &mut seen);
        for id in (0..modules).map(ModuleId).filter(|id| !seen.contains(id)) {
            graph.remove(id);
        }
        let changed = ModuleId(0);
        let mut edges = draw(&mut random, 0);
        edges.retain(|edge| seen.contains(&edge.to));
        let staged: Staged = [(changed, edges.clone())].into_iter().collect();
        let claims = Drawn {
            itself: (0..modules).collect(),
            ..Drawn::default()
        };
        let spread = graph.spread(&[changed], &claims);
        let plan = graph.plan(&spread, &staged);
        graph.set_edges(changed, edges);
        let mut reached = HashSet::new();
        evaluate(&mut graph, ModuleId(0), &mut reached);
        let expected: HashSet<ModuleId> = seen.difference(&reached).copied().collect();
        let pruned: HashSet<ModuleId> = plan.prune.iter().copied().collect();
        assert_eq!(pruned, expected, "{round}");
    }
}

/// How long an update of one module below one of so many branches takes.
fn cost(branches: u32) -> std::time::Duration {
    let mut graph = HotGraph::default();
    let statics = |ids: std::ops::Range<u32>| -> Vec<Edge> {
        ids.map(|id| Edge::new(ModuleId(id), EdgeKind::Static)).collect()
    };
    graph.set_edges(ModuleId(0), statics(1..branches + 1));
    for branch in 0..branches {
        let first = branches + 1 + branch * 99;
        graph.set_edges(ModuleId(branch + 1), statics(first..first + 99));
    }
    graph.set_root(ModuleId(0), true);
    evaluate(&mut graph, ModuleId(0), &mut HashSet::new());
    graph.settle();
    let claims = Drawn {
        itself: (1..=branches).collect(),
        ..Drawn::default()
    };
    let start = std::time::Instant::now();
    for round in 0..300 {
        let changed = ModuleId(branches + 1 + round % (branches * 99));
        let spread = graph.spread(&[changed], &claims);
        let staged: Staged = [(changed, Vec::new())].into_iter().collect();
        assert_eq!(graph.plan(&spread, &staged).evaluate.len(), 2);
    }
    start.elapsed()
}

#[test]
fn an_update_costs_what_it_concerns() {
    let (small, large) = (cost(1), cost(100));
    assert!(
        large < small * 5,
        "100 modules: {small:?}, 10,000 modules: {large:?}"
    );
}
