//! Processes below a child process. A shell that `exec` starts passes no signal on to the commands that it runs.

use std::collections::BTreeSet;

/// The processes that a process has started, and those that these have started. Empty where the system does not tell.
pub fn below(process: u32) -> BTreeSet<u32> {
    let mut found = BTreeSet::new();
    let mut open = vec![process];
    while let Some(next) = open.pop() {
        for child in children(next) {
            if found.insert(child) {
                open.push(child);
            }
        }
    }
    found
}

/// The children that the threads of a process have started, as Linux lists them.
fn children(process: u32) -> Vec<u32> {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{process}/task")) else {
        return Vec::new();
    };
    let lists = threads.filter_map(|thread| {
        let list = thread.ok()?.path().join("children");
        std::fs::read_to_string(list).ok()
    });
    let mut all = Vec::new();
    for list in lists {
        all.extend(
            list.split_whitespace()
                .filter_map(|number| number.parse::<u32>().ok()),
        );
    }
    all
}
