//! Graphs drawn at random agree with a naive model.

use super::*;

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
    graph.find_cycles();
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
