//! One line, or block, for the user's console.
//!
//! A program may have replaced the console, or `write` of a stream of the process. What it does with our lines is its affair, but
//! one that throws must neither lose a report nor make the update fail: the file descriptor gets the text then.

use std::cell::Cell;
use std::rc::Rc;

use crate::js::{Js, JsResult, Value};

/// Calls a method of the console; false if the values cannot be shown (a getter throws).
pub fn write<'s>(js: Js<'s>, method: &str, parts: &[Value<'s>]) -> bool {
    let is_error = method != "log";
    let stream = stream(js, if is_error { "stderr" } else { "stdout" });
    let watch = stream.and_then(|stream| Watch::begin(stream).ok()?);
    let console = js.global().and_then(|global| global.get("console"));
    let written = console.and_then(|console| console.call_method(method, parts));
    // The console of Node hides what its stream throws.
    let is_lost = watch.is_some_and(Watch::end);
    if written.is_ok() && !is_lost {
        return true;
    }
    write_directly(js, if is_error { 2.0 } else { 1.0 }, parts).is_ok()
}

fn stream<'s>(js: Js<'s>, name: &str) -> Option<Value<'s>> {
    let process = js.global().and_then(|global| global.get("process"));
    let stream = process.and_then(|process| process.get(name)).ok();
    stream.filter(|stream| stream.is_object())
}

fn write_directly<'s>(js: Js<'s>, descriptor: f64, parts: &[Value<'s>]) -> JsResult<'s, ()> {
    let text = js.builtin("util")?.call_method("format", parts)?.display();
    let text = js.string(&format!("{text}\n"));
    // A closed pipe is no reason to say that the values cannot be shown.
    let _ = js
        .builtin("fs")
        .and_then(|fs| fs.call_method("writeSync", &[js.number(descriptor), text]));
    Ok(())
}

/// Looks whether the program's own `write` of a stream throws.
struct Watch<'s> {
    stream: Value<'s>,
    own: Value<'s>,
    watched: Value<'s>,
    has_thrown: Rc<Cell<bool>>,
}

impl<'s> Watch<'s> {
    /// Puts a function of ours before the program's; `None` if the stream has Node's own, or cannot be given another.
    fn begin(stream: Value<'s>) -> JsResult<'s, Option<Self>> {
        let js = stream.js();
        let statics = js.global()?.get("Object")?;
        let descriptor = statics.call_method("getOwnPropertyDescriptor", &[stream, js.string("write")])?;
        if !descriptor.is_object()
            || !descriptor.get("writable")?.truthy()
            || !descriptor.get("value")?.is_function()
        {
            return Ok(None);
        }
        let own = descriptor.get("value")?;
        let has_thrown = Rc::new(Cell::new(false));
        let (kept, seen) = (own.hold(), Rc::clone(&has_thrown));
        let watched = js.function("write", 1, move |call| {
            let result = kept.get(call.js).call(call.this, &call.args);
            seen.set(seen.get() || result.is_err());
            result
        })?;
        stream.set("write", watched)?;
        Ok(Some(Self {
            stream,
            own,
            watched,
            has_thrown,
        }))
    }

    /// Puts the program's back. Returns whether it has thrown.
    fn end(self) -> bool {
        let is_there = self.stream.get("write").is_ok_and(|it| it.same(self.watched));
        if is_there {
            let _ = self.stream.set("write", self.own);
        }
        self.has_thrown.get()
    }
}
