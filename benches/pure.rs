//! The parts that know neither JavaScript nor the OS, at the size of a large application: `cargo bench`.
//!
//! The crate is a `cdylib` and nothing else, which nobody can link to, so their files are compiled here once more.
#![expect(
    dead_code,
    unused_imports,
    reason = "each file brings more than is measured, its tests included"
)]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use divan::Bencher;
use notify::event::{AccessKind, AccessMode, CreateKind, DataChange, EventKind, ModifyKind, RenameMode};

#[path = "../src/watch/debouncer.rs"]
mod debouncer;
#[path = "../src/watch/file_change.rs"]
mod file_change;
#[path = "../src/graph/mod.rs"]
mod graph;

use debouncer::{Debouncer, Pace, QUIET};
use graph::modules::{ModuleGraph, Node};

/// As `watch::WatchKey`, which the debouncer asks its parent for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WatchKey(u64);

const PATHS: u64 = 10_000;
const MODULES: u32 = 20_000;

fn main() {
    divan::main();
}

/// Ten thousand files are saved, each in one event, half a microsecond apart: one burst.
#[divan::bench(args = [Pace::Finished, Pace::Unsure])]
fn debouncer_with_10_000_paths(bencher: Bencher, pace: &Pace) {
    let start = Instant::now();
    bencher.bench_local(|| {
        let mut debouncer = Debouncer::default();
        let mut now = start;
        for key in 0..PATHS {
            now += Duration::from_nanos(500);
            debouncer.changed(now, &[(WatchKey(key), *pace)]);
        }
        let due = debouncer.take(now + 10 * QUIET);
        assert_eq!(due.len(), 10_000);
        due
    });
}

/// One more save while ten thousand files wait: what an edit costs after a branch switch.
#[divan::bench]
fn debouncer_one_change_beside_10_000_waiting(bencher: Bencher) {
    let now = Instant::now();
    let mut debouncer = Debouncer::default();
    for key in 0..PATHS {
        debouncer.settle(now, WatchKey(key), Pace::Unsure);
    }
    bencher.bench_local(move || {
        debouncer.changed(now, &[(WatchKey(PATHS), Pace::Unsure)]);
        debouncer.cancel(WatchKey(PATHS));
        debouncer.next_deadline()
    });
}

/// A tree of modules, ten to each, that all import one leaf; the modules of its third level are used hot.
fn tree() -> (ModuleGraph, Vec<Node>) {
    let mut graph = ModuleGraph::default();
    let nodes: Vec<Node> = (0..MODULES)
        .map(|number| {
            let is_user = number < 111;
            graph.add(
                &format!("/app/src/part{}/module{number}.js", number / 20),
                is_user,
            )
        })
        .collect();
    let leaf = graph.add("/app/src/leaf.js", false);
    for (number, node) in nodes.iter().enumerate() {
        let mut imports: Vec<Node> = (number * 10 + 1..=number * 10 + 10)
            .filter_map(|import| nodes.get(import).copied())
            .collect();
        imports.push(leaf);
        graph.set_imports(*node, imports, 11);
    }
    (graph, [nodes, vec![leaf]].concat())
}

/// The module of the deepest level, which few lie above, and the leaf, which all 20,000 import.
#[divan::bench(args = ["one branch", "everything"])]
fn slice_of_20_000_modules(bencher: Bencher, affected: &str) {
    let (mut graph, nodes) = tree();
    let changed = if affected == "everything" {
        nodes[MODULES as usize]
    } else {
        nodes[12_345]
    };
    graph.mark_stale(changed);
    bencher.bench_local(|| {
        let users = graph.users_of(&[changed]);
        let slice = graph.slice(&users);
        assert!(slice.contains(&changed));
        slice
    });
}

/// The events of a thousand saves, a third of each kind: over itself, by rename, and new.
#[divan::bench]
fn event_mapping_of_1_000_saves(bencher: Bencher) {
    let kinds = [
        EventKind::Modify(ModifyKind::Data(DataChange::Any)),
        EventKind::Access(AccessKind::Close(AccessMode::Write)),
        EventKind::Modify(ModifyKind::Name(RenameMode::From)),
        EventKind::Modify(ModifyKind::Name(RenameMode::To)),
        EventKind::Create(CreateKind::File),
        EventKind::Access(AccessKind::Close(AccessMode::Write)),
    ];
    let events = move || -> Vec<notify::Event> {
        (0..1_000)
            .flat_map(|save: usize| [save % 3 * 2, save % 3 * 2 + 1].map(|kind| (save, kind)))
            .map(|(save, kind)| {
                let path = PathBuf::from(format!("/app/src/part{}/module{save}.js", save / 20));
                notify::Event::new(kinds[kind]).add_path(path)
            })
            .collect()
    };
    bencher.with_inputs(events).bench_local_values(|events| {
        let signals: Vec<_> = events.into_iter().flat_map(file_change::signals).collect();
        assert_eq!(signals.len(), 2_000);
        signals
    });
}
