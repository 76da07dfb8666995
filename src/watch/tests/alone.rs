//! Tests that need a process of their own.

use std::env;
use std::process::Command;

const ALONE: &str = "NODE_HMR_TEST_ALONE";

/// Whether this is the process that runs nothing but this test. If not, starts it and asserts that
/// the test passes there.
pub fn is_alone(test: &str, adapt: impl Fn(&mut Command)) -> bool {
    if is_the_one() {
        return true;
    }
    let mut command = Command::new(env::current_exe().unwrap());
    command
        .args(["--exact", &format!("watch::tests::{test}"), "--test-threads=1"])
        .env(ALONE, "1");
    adapt(&mut command);
    let output = command.output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && printed.contains("1 passed"),
        "{printed}"
    );
    false
}

/// Whether this is the process of one test.
pub fn is_the_one() -> bool {
    env::var_os(ALONE).is_some()
}
