//! What Node's own options say of resolution.

use super::resolve::Options;
use crate::js::{Js, JsResult, Value};

/// How Node was told to resolve specifiers; `builtins` is filled in by the engine.
pub fn options_of_node(js: Js<'_>) -> JsResult<'_, Options> {
    let versions = js.global()?.get("process")?.get("versions")?;
    Ok(Options {
        conditions: conditions(&node_arguments(js)?),
        with_manifest: !versions.get("pnp")?.is_undefined(),
        ..Options::default()
    })
}

/// Node's options: of the command line, and of `NODE_OPTIONS`.
pub fn node_arguments(js: Js<'_>) -> JsResult<'_, Vec<String>> {
    let given = js.global()?.get("process")?.get("execArgv")?.items()?;
    let mut arguments: Vec<String> = given.into_iter().filter_map(Value::text).collect();
    if let Ok(more) = std::env::var("NODE_OPTIONS") {
        arguments.extend(more.split_whitespace().map(String::from));
    }
    Ok(arguments)
}

/// What `--conditions` and `-C` gave to Node.
fn conditions(arguments: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        if let Some(value) = argument
            .strip_prefix("--conditions=")
            .or_else(|| argument.strip_prefix("-C="))
        {
            found.push(value.to_owned());
        } else if argument == "--conditions" || argument == "-C" {
            found.extend(arguments.next().cloned());
        }
    }
    found
}
