//! Which module imports which, and what a change affects. Pure: nodes have any type that the caller chooses.
//!
//! A change spreads from a changed module to its importers, until a module accepts it: the boundary.
//!
//! | place | what it knows |
//! |---|---|
//! | `mod.rs` | what a change affects, for any graph |
//! | `modules.rs` | hot modules of the classic API, and what they require: which are stale |
//! | `hot/` | hot programs: how far a change spreads, and what one update does |

pub mod hot;
pub mod modules;

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::Hash;

/// The modules to load again after `changed` changed: the changed modules, the boundaries, and every module on a path
/// from a changed module up to a boundary. A path ends at its first boundary; importers that reach no boundary are left
/// as they are.
///
/// `importers_of` is called at most once per module, and never for a boundary. The result begins with the boundaries;
/// each other module follows one of its importers, where the graph has such an order; nothing occurs twice.
pub fn affected<N: Clone + Eq + Hash>(
    changed: &[N],
    boundaries: &[N],
    mut importers_of: impl FnMut(&N) -> Vec<N>,
) -> Vec<N> {
    let stops: HashSet<&N> = boundaries.iter().collect();
    let mut imports: HashMap<N, Vec<N>> = HashMap::new();
    let mut seen: HashSet<N> = changed.iter().cloned().collect();
    let mut climbing: VecDeque<N> = changed.iter().cloned().collect();
    while let Some(module) = climbing.pop_front() {
        if stops.contains(&module) {
            continue;
        }
        for importer in importers_of(&module) {
            if seen.insert(importer.clone()) {
                climbing.push_back(importer.clone());
            }
            imports.entry(importer).or_default().push(module.clone());
        }
    }
    let mut result = reachable(boundaries, |module| {
        imports.get(module).cloned().unwrap_or_default()
    });
    let reached: HashSet<N> = result.iter().cloned().collect();
    result.extend(unique(changed).filter(|module| !reached.contains(module)));
    result
}

/// `start` and every module that can be reached from there, nearest first, nothing twice. `next_of` is called at most
/// once per module.
pub fn reachable<N: Clone + Eq + Hash>(start: &[N], mut next_of: impl FnMut(&N) -> Vec<N>) -> Vec<N> {
    let mut result: Vec<N> = unique(start).collect();
    let mut seen: HashSet<N> = result.iter().cloned().collect();
    let mut index = 0;
    while let Some(module) = result.get(index).cloned() {
        index += 1;
        result.extend(
            next_of(&module)
                .into_iter()
                .filter(|next| seen.insert(next.clone())),
        );
    }
    result
}

fn unique<N: Clone + Eq + Hash>(modules: &[N]) -> impl Iterator<Item = N> {
    let mut seen = HashSet::new();
    modules.iter().filter(move |module| seen.insert(*module)).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `"main>a b; a>c"` reads: main imports a and b, a imports c.
    fn importers(graph: &str) -> HashMap<&str, Vec<&str>> {
        let mut importers: HashMap<&str, Vec<&str>> = HashMap::new();
        for line in graph.split(';').filter(|line| !line.trim().is_empty()) {
            let (importer, imports) = line.split_once('>').unwrap();
            for import in imports.split_whitespace() {
                importers.entry(import).or_default().push(importer.trim());
            }
        }
        importers
    }

    #[test]
    fn a_change_affects_what_lies_between_it_and_its_boundaries() {
        // graph, changed, boundaries, affected
        let table = [
            ("main>a; a>b; b>c", "c", "a", "a b c"),
            ("main>a; a>b", "a", "a", "a"),
            ("main>a; a>b", "", "a", "a"),
            ("main>a b; a>shared; b>shared", "a", "a", "a"),
            ("main>a b; a>shared; b>shared", "shared", "a b", "a b shared"),
            ("main>a b; a>x; b>x; x>y", "y", "a", "a x y"),
            ("main>a; a>b; b>c; other>b", "c", "a", "a b c"),
            ("a>b; b>c; c>b", "c", "a", "a b c"),
            ("a>b; b>a", "b", "a", "a b"),
            ("outer>inner; inner>c", "c", "inner", "inner c"),
            (
                "outer>inner; inner>c; outer>c",
                "c",
                "inner outer",
                "inner outer c",
            ),
            ("", "lone", "a", "a lone"),
            ("p>q", "gone", "a", "a gone"),
        ];
        for (graph, changed, boundaries, expected) in table {
            let importers = importers(graph);
            let words = |text: &'static str| text.split_whitespace().collect::<Vec<_>>();
            let result = affected(&words(changed), &words(boundaries), |module| {
                importers.get(module).cloned().unwrap_or_default()
            });
            assert_eq!(result, words(expected), "{graph} / {changed} / {boundaries}");
        }
    }

    /// Whether a way leads upward from `from` to a boundary, trying all of them.
    fn climbs(from: u32, edges: &[(u32, u32)], boundaries: &[u32], way: &mut Vec<u32>) -> bool {
        boundaries.contains(&from)
            || edges.iter().any(|&(importer, import)| {
                import == from && !way.contains(&importer) && {
                    way.push(importer);
                    let reached = climbs(importer, edges, boundaries, way);
                    way.pop();
                    reached
                }
            })
    }

    #[test]
    fn random_graphs_agree_with_a_search_of_all_ways() {
        let mut seed = 0x2545_f491_u32;
        let mut random = move |below: u32| {
            seed ^= seed << 13;
            seed ^= seed >> 17;
            seed ^= seed << 5;
            seed % below
        };
        for _ in 0..400 {
            let modules = 2 + random(7);
            let edges: Vec<_> = (0..random(14))
                .map(|_| (random(modules), random(modules)))
                .collect();
            let pick: Vec<u32> = (0..3).map(|_| random(modules)).collect();
            let (changed, boundaries) = (&pick[..1], &pick[1..]);
            let mut result = affected(changed, boundaries, |&module| {
                edges
                    .iter()
                    .filter(|edge| edge.1 == module)
                    .map(|edge| edge.0)
                    .collect()
            });
            // Naive: modules that the change reaches without crossing a boundary, and that reach one themselves.
            let mut touched = vec![changed[0]];
            let mut index = 0;
            while let Some(&module) = touched.get(index) {
                index += 1;
                if !boundaries.contains(&module) {
                    for &(importer, import) in &edges {
                        if import == module && !touched.contains(&importer) {
                            touched.push(importer);
                        }
                    }
                }
            }
            let mut expected: Vec<u32> = touched
                .into_iter()
                .filter(|&module| climbs(module, &edges, boundaries, &mut vec![module]))
                .chain(pick.iter().copied())
                .collect();
            expected.sort_unstable();
            expected.dedup();
            result.sort_unstable();
            assert_eq!(result, expected, "{edges:?} {changed:?} {boundaries:?}");
        }
    }
}
