//! Lines of `./vite-node`, with vite-node's prefix.

use super::{has_colours, write};
use crate::js::{Js, Value};

/// `console.log`.
pub fn log(js: Js<'_>, text: &str) {
    prefixed(js, "log", "stdout", text, None);
}

/// `console.error`, with the error that was thrown, if there is one.
pub fn error<'s>(js: Js<'s>, text: &str, thrown: Option<Value<'s>>) {
    prefixed(js, "error", "stderr", text, thrown);
}

/// Reports a module that failed when it ran again. The sentence is vite-node's own, and users' tools wait for it. The error
/// stands above the sentence, as the sentence says.
pub fn failed_to_reload(js: Js<'_>, path: &str, thrown: Value<'_>) {
    write(js, "error", &[thrown]);
    let reason = if thrown.is_error() {
        thrown.get("message").ok()
    } else {
        Some(thrown)
    };
    let reason = reason.map(Value::display).unwrap_or_default();
    let reason = reason.lines().next().unwrap_or_default();
    let text = format!(
        "[hmr] Failed to reload {path}. This could be due to syntax errors or importing non-existent modules. \
         (see errors above) It threw: {reason}. The next save tries again."
    );
    write(js, "error", &[js.string(&text)]);
}

fn prefixed<'s>(js: Js<'s>, method: &str, stream: &str, text: &str, thrown: Option<Value<'s>>) {
    let prefix = if has_colours(js, stream) {
        "\u{1b}[36m[vite-node]\u{1b}[39m"
    } else {
        "[vite-node]"
    };
    let mut args = vec![js.string(&format!("{prefix} {text}"))];
    args.extend(thrown);
    write(js, method, &args);
}
