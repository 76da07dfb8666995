//! Every line of the addon for the user's console, and the trace for bug reports. The command has lines of its own in `bin/`.
//!
//! Every line goes through `globalThis.console`, looked up when the line is written, because users replace it to capture
//! our output. A console that throws loses no line.
//!
//! | file | what it knows |
//! |---|---|
//! | `mod.rs` | errors, warnings and log lines, as the user sees them |
//! | `burst.rs` | many updates as one line |
//! | `stack.rs` | the user's frames, and the line of code that is shown |
//! | `colour.rs`, `switches.rs` | colours; which lines are written |
//! | `vite_node.rs` | lines of `./vite-node`: errors, reloads, updates |
//! | `write.rs` | the console, and what gets the text if the console throws |
//! | `trace.rs` | `HMR_LOG` |

mod burst;
mod colour;
mod stack;
mod switches;
mod trace;
pub mod vite_node;
mod write;

pub use switches::{Switches, is_logging, suppresses_warnings};
pub use trace::{shows_everything, start_if_asked};

use std::path::Path;
use std::time::Duration;

use crate::js::{Cx, Js, JsResult, Value, settled, spawn_detached};
pub use colour::has_colours;
use colour::{Colour, paint};
use write::write;

/// Reports a failure after which the program goes on, as one block: the module and what failed, the user's line of code,
/// then the thrown value with only the user's frames in its stack.
pub fn error(js: Js<'_>, id: &str, what: &str, thrown: Value<'_>) {
    error_with_frames_of(js, id, what, thrown, &|_| true);
}

/// As [`error`]; the line of code is shown only if `is_shown` accepts its file.
pub fn error_with_frames_of(
    js: Js<'_>,
    id: &str,
    what: &str,
    thrown: Value<'_>,
    is_shown: &dyn Fn(&str) -> bool,
) {
    let mut head = paint(js, "stderr", Colour::Red, &format!("[hmr] {id}: {what}"));
    let stack = stack_of(thrown);
    let frame = stack
        .as_deref()
        .and_then(|stack| frame_of(stack, thrown, is_shown));
    if let Some(frame) = &frame {
        head = format!("{head}\n{frame}");
    }
    // The thrown value gets a line of its own: text as it is, anything else as the console shows values.
    let shown_as = if thrown.text().is_some() { "%s" } else { "%O" };
    let format = format!("{}\n{shown_as}", head.replace('%', "%%"));
    let show = || {
        if !write(js, "error", &[js.string(&format), thrown]) {
            // Perhaps the console cannot show this value (a getter throws); the headline can be written all the same.
            write(js, "error", &[js.string(&head)]);
        }
    };
    let shortened = stack
        .as_deref()
        .filter(|_| !shows_everything())
        .map(|stack| stack::without_internals(stack, frame.is_some()));
    let missing = shortened.as_deref().and_then(stack::missing_itself);
    if let Some(missing) = missing {
        write(js, "error", &[js.string(&format!("{head}\n{missing}"))]);
        return;
    }
    let _lent = Lent::take(thrown, "requireStack");
    match (stack, shortened) {
        (Some(stack), Some(shortened)) if stack != shortened => {
            // The console prints the property `stack`, so it is shortened meanwhile and then set back.
            let lent = thrown.set("stack", js.string(&shortened));
            show();
            if lent.is_ok() {
                let _ = thrown.set("stack", js.string(&stack));
            }
        }
        _ => show(),
    }
}

/// A property taken from an error while it is printed (its stack says the same), and given back on drop: the error, the
/// property's name and its value.
struct Lent<'s>(Value<'s>, &'static str, Value<'s>);

impl<'s> Lent<'s> {
    fn take(thrown: Value<'s>, name: &'static str) -> Option<Self> {
        let key = thrown.js().string(name);
        let is_there = thrown.is_error() && !shows_everything() && thrown.has_own_key(key).ok()?;
        let value = is_there.then(|| thrown.get(name).ok())??;
        thrown.delete_key(key).ok()?;
        Some(Self(thrown, name, value))
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let _ = self.0.set(self.1, self.2);
    }
}

fn stack_of(thrown: Value<'_>) -> Option<String> {
    let is_error = thrown.is_error();
    is_error
        .then(|| thrown.get("stack").ok().and_then(Value::text))
        .flatten()
}

/// The files in the stack of a thrown error, the innermost first.
pub fn files_in_stack(thrown: Value<'_>) -> Vec<String> {
    stack_of(thrown).as_deref().map(stack::files).unwrap_or_default()
}

/// Reports the rejection of a promise that an update made, as perhaps nobody waits for that promise.
pub fn rejection(js: Js<'_>, id: &str, what: &'static str, promise: Value<'_>) {
    if !promise.is_promise() {
        return;
    }
    let (cx, id, promise) = (Cx::new(js), id.to_owned(), promise.hold());
    spawn_detached(js, async move {
        if let Err(thrown) = settled(&cx, promise).await {
            cx.with(|js| error(js, &id, what, thrown.get(js)));
        }
    });
}

/// A text that is equal for two throws of the same failure: the message, and for an error the user's line of code.
/// `None` for an object that is no error: its text (`[object Object]`) says nothing.
pub fn fingerprint(thrown: Value<'_>) -> Option<String> {
    if thrown.is_object() && !thrown.is_error() {
        return None;
    }
    let place = stack_of(thrown).as_deref().and_then(stack::place);
    Some(format!("{} {place:?}", thrown.display()))
}

/// Reports in one line an error that was reported in full before.
pub fn repeated_error(js: Js<'_>, id: &str, what: &str, thrown: Value<'_>, times: u64) {
    let words = thrown.display();
    let words = words
        .split_once("\nRequire stack:")
        .map_or(&*words, |(words, _)| words);
    let text = format!("[hmr] {id}: {what} ({times} times now): {words}");
    let line = paint(js, "stderr", Colour::Red, &text);
    write(js, "error", &[js.string(&line)]);
}

/// Writes a warning about one module, unless warnings are suppressed.
pub fn warning(js: Js<'_>, id: &str, text: &str) {
    notice(js, &format!("{id}: {text}"));
}

/// Writes a warning that belongs to no module, unless warnings are suppressed.
pub fn notice(js: Js<'_>, text: &str) {
    if suppresses_warnings(js) {
        return;
    }
    let line = paint(js, "stderr", Colour::Yellow, &format!("[hmr] {text}"));
    write(js, "warn", &[js.string(&line)]);
}

/// Writes one line for one update, when logging is on: the time of day, the module's id as written (and its path, if the
/// id does not say it), what happened, how long it took.
///
/// `way` begins with the changed dependency, followed by the modules between it and the updated one.
pub fn updated(js: Js<'_>, way: &[String], id: &str, path: &str, what: &str, took: Duration) {
    if !is_logging(js) {
        return;
    }
    let time = time_of_day(js).unwrap_or_default();
    let place = shown_path(id, path)
        .map(|path| format!(" ({path})"))
        .unwrap_or_default();
    let milliseconds = took.as_secs_f64() * 1000.0;
    let mut way: Vec<String> = way.iter().map(|path| relative(path)).collect();
    way.push(id.to_owned());
    let way = way.join(" → ");
    let text = format!("{time} [hmr] {way}{place} {what} in {milliseconds:.1} ms");
    burst::tell(js, id, what, text, took);
}

/// Writes a line of the log.
fn log(js: Js<'_>, text: &str) {
    let line = paint(js, "stdout", Colour::Blue, text.trim_start());
    write(js, "log", &[js.string(&line)]);
}

/// The first three ids by name, and the number of the others.
pub fn many(ids: &[&str]) -> String {
    let shown = ids.len().min(3);
    let named = ids[..shown].join(", ");
    match ids.len() - shown {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

/// Says that many modules failed together; the caller then reports some of them in full.
pub fn errors(js: Js<'_>, ids: &[&str]) {
    let text = format!("[hmr] {} modules could not be loaded: {}", ids.len(), many(ids));
    let line = paint(js, "stderr", Colour::Red, &text);
    write(js, "error", &[js.string(&line)]);
}

/// Names in one line the modules that failed together with others and are not reported in full.
pub fn more_errors(js: Js<'_>, what: &str, ids: &[&str]) {
    let text = format!("[hmr] {} more modules: {what}: {}", ids.len(), many(ids));
    let line = paint(js, "stderr", Colour::Red, &text);
    write(js, "error", &[js.string(&line)]);
}

/// Says that a file changed which the module `user` requires, and that only `dependencies: true` would update it.
pub fn dependency_hint(js: Js<'_>, path: &str, user: &str) {
    let path = relative(path);
    let text = format!(
        "{path} changed, which {user} requires; the option `dependencies: true` \
         (hmr --dependencies) would update it"
    );
    remark(js, &text);
}

/// Writes a remark with the time of day, when logging is on.
pub fn remark(js: Js<'_>, text: &str) {
    if !is_logging(js) {
        return;
    }
    let time = time_of_day(js).unwrap_or_default();
    log(js, &format!("{time} [hmr] {text}"));
}

/// The path from the working directory, if it is below that.
pub fn relative(path: &str) -> String {
    let folder = std::env::current_dir().unwrap_or_default();
    let relative = Path::new(path).strip_prefix(folder);
    relative.ok().and_then(Path::to_str).unwrap_or(path).to_owned()
}

fn time_of_day(js: Js<'_>) -> JsResult<'_, String> {
    let now = js.global()?.get("Date")?.construct(&[])?;
    let text = now.call_method("toTimeString", &[])?.display();
    Ok(text.chars().take(8).collect())
}

/// The path relative to the working directory; `None` if the id already says it.
fn shown_path(id: &str, path: &str) -> Option<String> {
    let folder = std::env::current_dir().ok()?;
    let relative = Path::new(path)
        .strip_prefix(folder)
        .map_or(path, |path| path.to_str().unwrap_or(""));
    let told = id.strip_prefix("./").unwrap_or(id);
    let is_told = id == path
        || relative.is_empty()
        || relative
            .strip_prefix(told)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.') && !rest[1..].contains('.'));
    (!is_told).then(|| relative.to_owned())
}

/// The line of code that threw, if the file still has the text that it had then.
fn frame_of(stack: &str, thrown: Value<'_>, is_shown: &dyn Fn(&str) -> bool) -> Option<String> {
    let place = stack::place(stack).filter(|place| is_shown(&place.file))?;
    let source = std::fs::read(&place.file).ok()?;
    if !switches::is_text_of(thrown, &place.file, &source) {
        return None;
    }
    let source = String::from_utf8_lossy(&source);
    let place = if stack.contains("SyntaxError: ") {
        stack::within(&source, place)
    } else {
        place
    };
    let frame = stack::code_frame(&source, &place)?;
    let folder = std::env::current_dir().unwrap_or_default();
    let file = Path::new(&place.file)
        .strip_prefix(folder)
        .unwrap_or(Path::new(&place.file))
        .display();
    Some(format!("  {file}:{}:{}\n{frame}", place.line, place.column))
}

#[cfg(test)]
mod tests {
    use super::shown_path;

    #[test]
    fn the_path_is_shown_where_the_id_does_not_tell() {
        let folder = std::env::current_dir().unwrap();
        let path = |file: &str| folder.join(file).to_str().unwrap().to_owned();
        let table = [
            ("./a.js", path("a.js"), None),
            ("./a", path("a.js"), None),
            ("a", path("a.js"), None),
            ("./routes/a", path("routes/a.ts"), None),
            ("./a", path("lib/a.js"), Some("lib/a.js")),
            ("./lib", path("lib/index.js"), Some("lib/index.js")),
            ("/elsewhere/a.js", "/elsewhere/a.js".into(), None),
            ("thing", "/elsewhere/thing.js".into(), Some("/elsewhere/thing.js")),
        ];
        for (id, path, expected) in table {
            assert_eq!(shown_path(id, &path).as_deref(), expected, "{id} {path}");
        }
    }
}
