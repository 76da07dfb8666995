use super::*;

/// `"A>b c; b>c"` reads: A imports b and c, b imports c. Capitals are users.
fn graph(text: &str) -> ModuleGraph {
    let mut graph = ModuleGraph::default();
    for line in text.split(';').filter(|line| !line.trim().is_empty()) {
        let (importer, imports) = line.split_once('>').unwrap();
        let node = add(&mut graph, importer.trim());
        let imports: Vec<Node> = imports
            .split_whitespace()
            .map(|name| add(&mut graph, name))
            .collect();
        let count = u32::try_from(imports.len()).unwrap();
        graph.set_imports(node, imports, count);
    }
    graph
}

fn add(graph: &mut ModuleGraph, name: &str) -> Node {
    graph.add(name, name.starts_with(char::is_uppercase))
}

fn nodes(graph: &ModuleGraph, names: &str) -> Vec<Node> {
    names
        .split_whitespace()
        .map(|name| graph.find(name).unwrap())
        .collect()
}

fn names(graph: &ModuleGraph, nodes: &[Node]) -> String {
    let mut names: Vec<_> = nodes.iter().map(|node| graph.name(*node).to_string()).collect();
    names.sort();
    names.join(" ")
}

#[test]
fn a_change_affects_its_users_and_what_lies_between() {
    // graph, changed, users, slice
    let table = [
        ("A>b; b>c", "c", "A", "b c"),
        ("A>b; b>c", "b", "A", "b"),
        ("A>b c", "b", "A", "b"),
        ("A>b; B>b", "b", "A B", "b"),
        ("A>x; B>y; x>l; y>l", "l", "A B", "l x y"),
        ("A>x; B>y; x>l; y>l", "x", "A", "x"),
        ("A>x y; x>l; y>l", "l", "A", "l x y"),
        ("A>b; b>c; c>b", "c", "A", "b c"),
        ("A>b; b>c; c>b d", "d", "A", "b c d"),
        ("A>b; b>b", "b", "A", "b"),
        ("A>a; B>b", "a b", "A B", "a b"),
    ];
    for (text, changed, users, slice) in table {
        let mut graph = graph(text);
        let changed = nodes(&graph, changed);
        for node in &changed {
            graph.mark_stale(*node);
        }
        let found = graph.users_of(&changed);
        assert_eq!(names(&graph, &found), users, "{text}");
        assert_eq!(names(&graph, &graph.slice(&found)), slice, "{text}");
    }
}

#[test]
fn what_was_loaded_for_one_user_is_not_loaded_again_for_the_other() {
    let mut graph = graph("A>x; B>y; x>l; y>l");
    let (a, b, l) = (nodes(&graph, "A"), nodes(&graph, "B"), nodes(&graph, "l"));
    graph.mark_stale(l[0]);
    let mut loaded = graph.slice(&a);
    loaded.extend(&a);
    assert_eq!(names(&graph, &loaded), "A l x");
    graph.note_loaded(&loaded);
    assert_eq!(names(&graph, &graph.slice(&b)), "y");
    assert_eq!(names(&graph, &graph.slice(&a)), "");
    let mut rest = graph.slice(&b);
    rest.extend(&b);
    graph.note_loaded(&rest);
    assert!(graph.stale.is_empty());
}

#[test]
fn what_could_not_be_loaded_is_tried_again_with_the_next_change() {
    let mut graph = graph("A>m n; m>l");
    let a = nodes(&graph, "A");
    let changes = nodes(&graph, "l n");
    graph.mark_stale(changes[0]);
    assert_eq!(names(&graph, &graph.slice(&a)), "l m");
    graph.mark_stale(changes[1]);
    assert_eq!(names(&graph, &graph.slice(&a)), "l m n");
}

#[test]
fn ways_are_the_shortest() {
    let graph = graph("A>b x; b>c; c>l; x>l");
    let way = graph.way(&nodes(&graph, "l"), nodes(&graph, "A")[0]);
    let way: Vec<_> = way.iter().map(|node| graph.name(*node).to_string()).collect();
    assert_eq!(way, ["l", "x", "A"]);
    assert!(graph.way(&nodes(&graph, "A"), nodes(&graph, "x")[0]).is_empty());
}

#[test]
fn what_nobody_reaches_is_forgotten() {
    let mut graph = graph("A>b; b>c d; c>b; B>d");
    let a = nodes(&graph, "A")[0];
    graph.set_imports(a, Vec::new(), 0);
    let mut gone = graph.sweep();
    gone.sort();
    assert_eq!(gone.iter().map(|it| &**it).collect::<Vec<_>>(), ["b", "c"]);
    assert_eq!(names(&graph, &graph.users_of(&nodes(&graph, "d"))), "B");
    graph.remove("B");
    assert_eq!(graph.sweep().iter().map(|it| &**it).collect::<Vec<_>>(), ["d"]);
}

#[test]
fn a_module_that_became_a_boundary_is_reached_by_nobody() {
    let mut graph = graph("A>b; b>c");
    let changed = nodes(&graph, "c");
    graph.cut("b");
    assert!(graph.users_of(&changed).is_empty());
    assert!(graph.reached_by(nodes(&graph, "A")[0]).is_empty());
}

/// Whether a way leads from `from` down to one of `targets`, trying all of them.
fn leads(from: u32, targets: &[u32], edges: &[(u32, u32)], way: &mut Vec<u32>) -> bool {
    targets.contains(&from)
        || edges.iter().any(|&(importer, import)| {
            importer == from && !way.contains(&import) && {
                way.push(import);
                let reached = leads(import, targets, edges, way);
                way.pop();
                reached
            }
        })
}

#[test]
fn random_graphs_agree_with_a_search_of_all_ways() {
    let mut seed = 0x9e37_79b9_u32;
    let mut random = move |below: u32| {
        seed ^= seed << 13;
        seed ^= seed >> 17;
        seed ^= seed << 5;
        seed % below
    };
    for _ in 0..600 {
        let (users, modules) = (1 + random(3), 1 + random(6));
        let mut edges: Vec<(u32, u32)> = (0..random(16))
            .map(|_| (random(users + modules), users + random(modules)))
            .collect();
        edges.sort_unstable();
        edges.dedup();
        let changed: Vec<u32> = (0..=random(2)).map(|_| users + random(modules)).collect();

        let mut graph = ModuleGraph::default();
        let made: Vec<Node> = (0..users + modules)
            .map(|n| graph.add(&n.to_string(), n < users))
            .collect();
        let node = |n: u32| made[usize::try_from(n).unwrap()];
        for importer in 0..users + modules {
            let imports = edges.iter().filter(|edge| edge.0 == importer);
            graph.set_imports(node(importer), imports.map(|edge| node(edge.1)).collect(), 0);
        }
        let changed_nodes: Vec<Node> = changed.iter().map(|n| node(*n)).collect();
        for node in &changed_nodes {
            graph.mark_stale(*node);
        }

        let hit: Vec<u32> = (0..users)
            .filter(|user| leads(*user, &changed, &edges, &mut vec![*user]))
            .collect();
        let between: Vec<u32> = (users..users + modules)
            .filter(|module| leads(*module, &changed, &edges, &mut vec![*module]))
            .filter(|module| {
                hit.iter()
                    .any(|user| leads(*user, &[*module], &edges, &mut vec![*user]))
            })
            .collect();
        let found = graph.users_of(&changed_nodes);
        assert_eq!(
            found,
            hit.iter().map(|n| node(*n)).collect::<Vec<_>>(),
            "{edges:?}"
        );
        let mut slice = graph.slice(&found);
        slice.sort_unstable();
        let expected: Vec<Node> = between.iter().map(|n| node(*n)).collect();
        assert_eq!(slice, expected, "{edges:?} {changed:?}");
    }
}

#[test]
fn a_map_knows_a_module_from_the_one_that_had_its_place() {
    let mut graph = ModuleGraph::default();
    let gone = graph.add("gone", true);
    let mut map = NodeMap::default();
    assert_eq!(map.get(gone), None);
    map.insert(gone, "noted");
    assert_eq!(map.get(gone), Some("noted"));
    graph.remove("gone");
    let later = graph.add("later", true);
    assert_eq!(map.get(later), None);
    for name in 0..100 {
        map.insert(graph.add(&name.to_string(), false), "another");
    }
    assert_eq!((map.get(later), map.get(gone)), (None, Some("noted")));
}
