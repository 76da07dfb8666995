//! Colours of lines, where the stream shows colours.

use crate::js::{Js, Value};

/// The colour of a line.
#[derive(Clone, Copy)]
pub enum Colour {
    /// The colour of errors.
    Red,
    /// The colour of warnings.
    Yellow,
    /// The colour of information.
    Blue,
}

/// `text` in that colour, if the stream shows colours.
pub fn paint(js: Js<'_>, stream: &str, colour: Colour, text: &str) -> String {
    if !has_colours(js, stream) {
        return text.to_owned();
    }
    let code = match colour {
        Colour::Red => 31,
        Colour::Yellow => 33,
        Colour::Blue => 34,
    };
    format!("\u{1b}[{code}m{text}\u{1b}[39m")
}

/// Whether the stream shows colours: `NO_COLOR` decides first, then `FORCE_COLOR`, then whether it is a terminal.
pub fn has_colours(js: Js<'_>, stream: &str) -> bool {
    let Ok(process) = js.global().and_then(|global| global.get("process")) else {
        return false;
    };
    let variable = |name: &str| {
        let value = process.get("env").and_then(|env| env.get(name));
        value.ok().and_then(Value::text)
    };
    let is_set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
    if is_set("NO_COLOR") {
        return false;
    }
    if let Some(force) = variable("FORCE_COLOR") {
        return force != "0" && force != "false";
    }
    if is_set("NODE_DISABLE_COLORS") || variable("TERM").as_deref() == Some("dumb") {
        return false;
    }
    process
        .get(stream)
        .and_then(|stream| stream.get("isTTY"))
        .is_ok_and(Value::truthy)
}
