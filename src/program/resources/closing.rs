//! Servers that are closed because a newer version has taken their place. A program may end the process once its server is
//! closed, which is not meant here.

use crate::js::{Call, JsResult, Thrown, Value};
use crate::report;

use super::state::Resources;

/// Closes a server that the program has not asked to close.
pub fn close(server: Value<'_>) -> JsResult<'_, ()> {
    let js = server.js();
    let name = js.string("emit");
    // A server that was taken over has an `emit` of ours already.
    if !server.has_own_key(name)? {
        let emit = js.function("emit", 1, |call| {
            let object = call.js.global()?.get("Object")?;
            let emit = object.call_method("getPrototypeOf", &[call.this])?.get("emit")?;
            if call.arg(0).text().as_deref() != Some("close") {
                return emit.call(call.this, &call.args);
            }
            call.this.delete_key(call.js.string("emit"))?;
            emit_close(call, emit)
        })?;
        server.define_hidden(name, emit)?;
    }
    server.call_method("close", &[])?;
    Ok(())
}

/// Emits `close` of such a server by `emit`. An exit of a listener is left out.
pub fn emit_close<'s>(call: &Call<'s>, emit: Value<'s>) -> JsResult<'s> {
    let resources = call.js.state::<Resources>()?;
    let before = resources.is_closing.replace(true);
    let result = emit.call(call.this, &call.args);
    resources.is_closing.set(before);
    match result {
        Err(Thrown(error)) if resources.is_exit(call.js, error) => {
            let files = report::files_in_stack(error);
            let module = files.first().map(|file| report::relative(file));
            report::warning(
                call.js,
                &module.unwrap_or_default(),
                &format!(
                    "{} since a server was closed is left out: the reload has closed it, and the process goes on",
                    error.get("message")?.display()
                ),
            );
            Ok(call.js.boolean(true))
        }
        result => result,
    }
}
