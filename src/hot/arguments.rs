//! Checks the arguments of the methods of `import.meta.hot`.

use crate::error::HmrError;
use crate::js::{Call, Held, JsResult, Value};

/// The name of a method in messages.
fn callee(method: &str) -> String {
    format!("import.meta.hot.{method}")
}

/// The error of a wrong argument.
pub fn wrong<'s, T>(
    method: &str,
    parameter: &'static str,
    expected: &'static str,
    given: Value<'s>,
) -> JsResult<'s, T> {
    Err(HmrError::argument(callee(method), parameter, expected, given).thrown(given.js()))
}

/// The argument, which has to be a function.
pub fn function<'s>(call: &Call<'s>, method: &str, index: usize) -> JsResult<'s, Held> {
    let given = call.arg(index);
    if given.is_function() {
        return Ok(given.hold());
    }
    wrong(method, "callback", "a function", given)
}

/// The argument, which has to be a function or left out.
pub fn optional<'s>(
    call: &Call<'s>,
    method: &str,
    parameter: &'static str,
    index: usize,
) -> JsResult<'s, Option<Held>> {
    let given = call.arg(index);
    if given.is_undefined() {
        return Ok(None);
    }
    if given.is_function() {
        return Ok(Some(given.hold()));
    }
    wrong(method, parameter, "a function, or left out", given)
}

/// The first argument, which has to be the name of an event.
pub fn event<'s>(call: &Call<'s>, method: &str) -> JsResult<'s, String> {
    match call.arg(0).text() {
        Some(event) if !event.is_empty() => Ok(event),
        _ => wrong(method, "event", "the name of an event, a string", call.arg(0)),
    }
}

/// The argument, which has to be a string or an array of strings.
pub fn strings<'s>(
    method: &str,
    parameter: &'static str,
    expected: &'static str,
    given: Value<'s>,
) -> JsResult<'s, Vec<String>> {
    if let Some(one) = given.text().filter(|one| !one.is_empty()) {
        return Ok(vec![one]);
    }
    if !given.is_array() {
        return wrong(method, parameter, expected, given);
    }
    let mut all = Vec::new();
    for item in given.items()? {
        match item.text() {
            Some(one) if !one.is_empty() => all.push(one),
            _ => return wrong(method, parameter, expected, item),
        }
    }
    Ok(all)
}
