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

/// The same in namespaces of its own, which nobody else shares, once the shell has run this script.
/// `flags` are those of `unshare`. Where that is not allowed, there is no such process.
pub fn is_alone_in_namespace(test: &str, flags: &str, script: &str) -> bool {
    let can_unshare = Command::new("unshare").args([flags, "true"]).status();
    if !is_the_one() && !can_unshare.is_ok_and(|status| status.success()) {
        return false;
    }
    is_alone(test, |command| {
        let mut wrapped = Command::new("unshare");
        wrapped.arg(flags);
        in_shell(&mut wrapped, command, script);
        *command = wrapped;
    })
}

/// Makes `wrapped` run the script in a shell, and then the command.
pub fn in_shell(wrapped: &mut Command, command: &Command, script: &str) {
    let script = format!("{script} && exec \"$0\" \"$@\"");
    wrapped.args(["sh", "-c", &script]).arg(command.get_program());
    wrapped.args(command.get_args());
    for (name, value) in command.get_envs() {
        wrapped.env(name, value.unwrap_or_default());
    }
}

/// Whether this is the process of one test.
pub fn is_the_one() -> bool {
    env::var_os(ALONE).is_some()
}
