//! Makes the engine of an environment, at the first call.

use super::compile::NodeVersion;
use super::engine::{Engine, OWN_PLACE};
use super::natives;
use super::node_options::options_of_node;
use super::resolve::Options;
use crate::js::{Js, JsResult, State, Value};
use crate::report;
use crate::watch::Stamp;

impl State for Engine {
    fn make(js: Js<'_>) -> JsResult<'_, Self> {
        let node = node_version(js)?;
        let node_module = js.builtin("module")?;
        let builtins = node_module.get("builtinModules")?.items()?;
        let builtins: Vec<String> = builtins.into_iter().filter_map(Value::text).collect();
        let glue = compile_own(js, node_module, "glue.js", include_str!("glue.js"))?;
        let scopes = compile_own(js, node_module, "scope.js", include_str!("scope.js"))?;
        let stack = compile_own(js, node_module, "stack.js", include_str!("stack.js"))?;
        let maps = compile_own(js, node_module, "maps.js", include_str!("maps.js"))?;
        let coverage = if std::env::var_os("NODE_V8_COVERAGE").is_some_and(|folder| !folder.is_empty()) {
            compile_own(js, node_module, "coverage.js", include_str!("coverage.js"))?
        } else {
            js.undefined()
        };
        let options = Options {
            builtins,
            ..options_of_node(js)?
        };
        let engine = Self::new(node, options, node_module.hold(), glue.hold());
        glue.call_method("start", &[natives::functions(js)?, scopes, stack, maps, coverage])?;
        prepare_node(js, node_module)?;
        js.state::<report::Switches>()?.is_text_of.set(Some(is_text_of));
        Ok(engine)
    }

    fn close(&self) {
        self.forget_all();
    }
}

/// The hash of a source as `stack.js` gets it: what a number of JavaScript holds of it.
#[expect(clippy::cast_precision_loss, reason = "53 bits")]
pub(super) fn told(hash: u64) -> f64 {
    (hash >> 11) as f64
}

/// Whether an error was thrown in this text of a file; yes, if none of our modules has thrown it.
fn is_text_of(thrown: Value<'_>, file: &str, text: &[u8]) -> bool {
    let js = thrown.js();
    let known = Engine::of(js).and_then(|engine| engine.glue(js, "sourceOf", &[thrown, js.string(file)]));
    known.is_ok_and(|known| known.is_undefined() || known.as_number() == Some(told(Stamp::hash_of(text))))
}

fn node_version(js: Js<'_>) -> JsResult<'_, NodeVersion> {
    let version = js
        .global()?
        .get("process")?
        .get("versions")?
        .get("node")?
        .display();
    let mut numbers = version.split('.').map(|number| number.parse().unwrap_or(0));
    Ok(NodeVersion {
        major: numbers.next().unwrap_or(0),
        minor: numbers.next().unwrap_or(0),
    })
}

/// Runs one of our scripts as a module of Node's loader, since `import()` works only in such a module.
fn compile_own<'s>(js: Js<'s>, node_module: Value<'s>, name: &str, text: &str) -> JsResult<'s> {
    let path = js.builtin("path")?;
    let file = path.call_method("resolve", &[js.string(&format!("{OWN_PLACE}/{name}"))])?;
    let module = node_module.get("Module")?.construct(&[file])?;
    module.set("filename", file)?;
    module.call_method("_compile", &[js.string(text), file])?;
    module.get("exports")
}

/// Switches on Node's source maps for evaluated code, and switches off V8's compilation cache, which would keep the text of
/// every version.
fn prepare_node<'s>(js: Js<'s>, node_module: Value<'s>) -> JsResult<'s, ()> {
    let set_support = node_module.get("setSourceMapsSupport")?;
    if set_support.is_function() {
        let options = js.object();
        options.set("nodeModules", js.boolean(false))?;
        options.set("generatedCode", js.boolean(true))?;
        set_support.call(node_module, &[js.boolean(true), options])?;
    } else {
        let process = js.global()?.get("process")?;
        process.call_method("setSourceMapsEnabled", &[js.boolean(true)])?;
    }
    let flags = js.string("--no-compilation-cache");
    js.builtin("v8")?.call_method("setFlagsFromString", &[flags])?;
    Ok(())
}
