//! Lines for the user: each goes through JavaScript's `console` as it is at that moment.

use crate::js::{Js, Value};
use crate::report::has_colours;

/// `console.log`.
pub fn log(js: Js<'_>, text: &str) {
    write(js, "log", "stdout", text, None);
}

/// `console.error`, with the error that was thrown, if there is one.
pub fn error<'s>(js: Js<'s>, text: &str, thrown: Option<Value<'s>>) {
    write(js, "error", "stderr", text, thrown);
}

/// Reports a module that failed when it ran again. The sentence is vite-node's own, and users' tools wait for it. The error
/// stands above the sentence, as the sentence says.
pub fn failed_to_reload(js: Js<'_>, path: &str, thrown: Value<'_>) {
    plain(js, thrown);
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
    plain(js, js.string(&text));
}

/// `console.error(value)`.
fn plain<'s>(js: Js<'s>, value: Value<'s>) {
    // An error of the user's console is ignored.
    let _ = js
        .global()
        .and_then(|global| global.get("console")?.call_method("error", &[value]));
}

fn write<'s>(js: Js<'s>, method: &str, stream: &str, text: &str, thrown: Option<Value<'s>>) {
    let prefix = if has_colours(js, stream) {
        "\u{1b}[36m[vite-node]\u{1b}[39m"
    } else {
        "[vite-node]"
    };
    let mut args = vec![js.string(&format!("{prefix} {text}"))];
    args.extend(thrown);
    // An error of the user's console is ignored.
    let _ = js
        .global()
        .and_then(|global| global.get("console")?.call_method(method, &args));
}
