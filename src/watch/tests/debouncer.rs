//! Rows of calls with the time as an argument.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use super::random::Random;
use crate::watch::WatchKey;
use crate::watch::debouncer::{Debouncer, Pace, SETTLE};

const A: WatchKey = WatchKey(1);
const B: WatchKey = WatchKey(2);

enum Call {
    Changed(WatchKey),
    Unsure(WatchKey),
    Wait(WatchKey, u64),
    Settle(WatchKey),
    Cancel(WatchKey),
    /// What is due by itself (not taken along).
    Due(&'static [(WatchKey, bool)]),
    /// What a delivery takes.
    Taken(&'static [(WatchKey, bool)]),
}
use Call::{Cancel, Changed, Due, Settle, Taken, Unsure, Wait};

fn run(name: &str, rows: &[(u64, Call)]) {
    let start = Instant::now();
    let mut debouncer = Debouncer::default();
    for (millis, call) in rows {
        let now = start + Duration::from_millis(*millis);
        let at = format!("{name} at {millis} ms");
        match call {
            Changed(key) => debouncer.changed(now, &[(*key, Pace::Finished)]),
            Unsure(key) => debouncer.changed(now, &[(*key, Pace::Unsure)]),
            Wait(key, quiet) => debouncer.changed(now, &[(*key, Pace::Wait(Duration::from_millis(*quiet)))]),
            Settle(key) => debouncer.settle(now, *key, Pace::Finished),
            Cancel(key) => debouncer.cancel(*key),
            Due(expected) => {
                debouncer.expire(now);
                assert_eq!(debouncer.has_due(), !expected.is_empty(), "{at}");
                if !expected.is_empty() {
                    assert_eq!(debouncer.take(now), *expected, "{at}");
                }
            }
            Taken(expected) => assert_eq!(debouncer.take(now), *expected, "{at}"),
        }
    }
    if debouncer.take(start).is_empty() {
        assert!(!debouncer.has_due(), "{name}");
    }
}

#[expect(clippy::too_many_lines, reason = "a table")]
#[test]
fn rows() {
    run(
        "leading edge",
        &[
            (0, Changed(A)),
            (0, Due(&[(A, false)])),
            (20, Changed(A)),
            (20, Due(&[(A, false)])),
        ],
    );
    run(
        "burst",
        &[
            (0, Changed(A)),
            (0, Due(&[(A, false)])),
            (5, Changed(B)),
            (15, Changed(A)),
            (34, Due(&[])),
            (35, Due(&[(A, false), (B, false)])),
        ],
    );
    run(
        "a burst on a busy machine",
        &[
            (0, Changed(A)),
            (0, Due(&[(A, false)])),
            (5, Changed(A)),
            (25, Due(&[(A, false)])),
            // Neither at once nor after 20 ms.
            (30, Changed(A)),
            (60, Changed(A)),
            (99, Due(&[])),
            (100, Due(&[(A, false)])),
            (101, Changed(A)),
            (101, Due(&[(A, false)])),
        ],
    );
    run(
        "saves that are further apart, after a burst",
        &[
            (0, Changed(A)),
            (5, Changed(A)),
            (25, Due(&[(A, false)])),
            (205, Changed(A)),
            (205, Due(&[(A, false)])),
            (230, Changed(A)),
            (230, Due(&[(A, false)])),
            (240, Changed(A)),
            (260, Due(&[(A, false)])),
        ],
    );
    run(
        // [node-hmr 75]
        "taken along",
        &[
            (0, Changed(A)),
            (1, Changed(B)),
            (2, Taken(&[(A, false), (B, false)])),
            (99, Due(&[])),
        ],
    );
    run(
        "half written",
        &[
            (0, Settle(A)),
            (25, Settle(A)),
            (50, Settle(A)),
            (60, Changed(A)),
            (60, Due(&[(A, false)])),
            (999, Due(&[])),
        ],
    );
    run(
        "settled",
        &[
            (0, Settle(A)),
            (200, Settle(A)),
            (449, Due(&[])),
            (450, Due(&[(A, true)])),
        ],
    );
    run(
        "settling is not taken along",
        &[(0, Settle(A)), (9, Taken(&[])), (250, Due(&[(A, true)]))],
    );
    run(
        "back as before",
        &[(0, Settle(A)), (9, Cancel(A)), (999, Due(&[]))],
    );
    run(
        "due, then written again",
        &[
            (0, Changed(A)),
            (1, Settle(A)),
            (1, Taken(&[])),
            (2, Changed(A)),
            (21, Due(&[])),
            (22, Due(&[(A, false)])),
        ],
    );
    run(
        "unsure",
        &[(0, Unsure(A)), (19, Due(&[])), (20, Due(&[(A, false)]))],
    );
    run(
        "unsure, slow writer",
        &[
            (0, Unsure(A)),
            (15, Unsure(A)),
            (64, Due(&[])),
            (65, Due(&[(A, false)])),
        ],
    );
    run(
        "unsure, then finished",
        &[
            (0, Unsure(A)),
            (1, Changed(A)),
            (1, Due(&[(A, false)])),
            (99, Due(&[])),
        ],
    );
    run(
        "asked wait",
        &[
            (0, Wait(A, 80)),
            (60, Wait(A, 80)),
            (139, Due(&[])),
            (140, Due(&[(A, false)])),
        ],
    );
    run(
        "asked wait is not taken along",
        &[(0, Wait(A, 80)), (1, Taken(&[])), (80, Due(&[(A, false)]))],
    );
}

#[test]
fn endless_saves_are_delivered() {
    let start = Instant::now();
    let mut debouncer = Debouncer::default();
    let mut deliveries = Vec::new();
    for millis in (0..1000).step_by(5) {
        let now = start + Duration::from_millis(millis);
        // Each save is seen half-written first.
        debouncer.settle(now, A, Pace::Finished);
        debouncer.changed(now, &[(A, Pace::Finished)]);
        if debouncer.has_due() {
            assert_eq!(debouncer.take(now), [(A, false)]);
            deliveries.push(millis);
        }
    }
    assert!((8..=12).contains(&deliveries.len()), "{deliveries:?}");
}

/// After quiet, each key that was touched last by a change is due exactly once, never early, and
/// nothing else is.
#[test]
fn law() {
    for seed in 0..200 {
        let mut random = Random::new(seed);
        let start = Instant::now();
        let mut now = start;
        let mut debouncer = Debouncer::default();
        let mut owed: BTreeMap<WatchKey, bool> = BTreeMap::new();
        let mut not_before: HashMap<WatchKey, Instant> = HashMap::new();
        for _ in 0..300 {
            now += Duration::from_millis(random.below(12));
            let key = WatchKey(random.below(5));
            match random.below(8) {
                0..=2 => {
                    debouncer.changed(now, &[(key, Pace::Finished)]);
                    owed.insert(key, true);
                    not_before.remove(&key);
                }
                3 => {
                    debouncer.changed(now, &[(key, Pace::Unsure)]);
                    owed.insert(key, true);
                    not_before.remove(&key);
                }
                4..=5 => {
                    debouncer.settle(now, key, Pace::Finished);
                    owed.insert(key, true);
                    not_before.insert(key, now + SETTLE);
                }
                6 => {
                    debouncer.cancel(key);
                    owed.remove(&key);
                    not_before.remove(&key);
                }
                _ => {
                    for (key, _) in debouncer.take(now) {
                        assert_eq!(owed.remove(&key), Some(true), "seed {seed}: not owed");
                        let early = not_before.remove(&key).is_some_and(|at| now < at);
                        assert!(!early, "seed {seed}: early");
                    }
                }
            }
            assert!(debouncer.has_due() || debouncer.next_deadline().is_some() != owed.is_empty());
        }
        while let Some(deadline) = debouncer.next_deadline() {
            debouncer.expire(deadline);
            assert!(debouncer.next_deadline() != Some(deadline), "seed {seed}: stuck");
            now = deadline;
        }
        let due: Vec<_> = debouncer.take(now).into_iter().map(|(key, _)| key).collect();
        assert_eq!(due, owed.into_keys().collect::<Vec<_>>(), "seed {seed}");
        assert_eq!(debouncer.take(now + SETTLE), []);
    }
}
