//! What has to be JavaScript: the timers of hot code, running it on behalf of a version, hearing of new resources.

use crate::es::Engine;
use crate::js::{Js, JsResult, Value};

use super::state::{Resources, copy_properties};
use super::timers::{NAMES, keep_or_end};

/// `{ timers, noteExit, takeThrower, runAs, keptBy, hook }` of `owned.js`, made when it is first asked for.
fn owned<'s>(resources: &Resources, js: Js<'s>) -> JsResult<'s> {
    let made = resources.owned.borrow().get(js);
    if made.is_object() {
        return Ok(made);
    }
    let script = js.builtin("vm")?.get("Script")?;
    let options = js.object();
    // As a file of the engine's: stacks leave its frames out.
    options.set("filename", js.string(&Engine::own_file("owned.js")))?;
    let script = script.construct(&[js.string(include_str!("owned.js")), options])?;
    let template = script.call_method("runInThisContext", &[])?;
    let keep = js.function("keep", 2, |call| {
        keep_or_end(call.arg(0), call.arg(1))?;
        Ok(call.js.undefined())
    })?;
    let object = template.call(js.undefined(), &[resources.storage.get(js), keep])?;
    let timers = object.get("timers")?;
    for name in NAMES.into_iter().chain(["queueMicrotask"]) {
        copy_properties(js, js.global()?.get(name)?, timers.get(name)?)?;
    }
    *resources.owned.borrow_mut() = object.hold();
    Ok(object)
}

impl Resources {
    /// What hot code gets for the free names `setTimeout`, `setInterval`, `setImmediate` and `queueMicrotask`: an object with the
    /// four.
    pub fn timers<'s>(&self, js: Js<'s>) -> JsResult<'s> {
        owned(self, js)?.get("timers")
    }

    /// Charges what a listener for the end of a worker throws to the version that started it.
    pub fn note_exit<'s>(&self, owner: Value<'s>, worker: Value<'s>) -> JsResult<'s, ()> {
        owned(self, owner.js())?.call_method("noteExit", &[owner, worker])?;
        Ok(())
    }

    /// The owner of a microtask, or of a listener for the end of a worker, if Node tells of its exception at this moment; else
    /// `undefined`.
    pub fn thrower<'s>(&self, js: Js<'s>) -> JsResult<'s> {
        owned(self, js)?.call_method("takeThrower", &[])
    }

    /// A `Set` of the values that these objects have as properties, or in an array, `Map` or `Set` there.
    pub fn kept_by<'s>(&self, js: Js<'s>, objects: &[Value<'s>]) -> JsResult<'s> {
        owned(self, js)?.get("keptBy")?.call(js.undefined(), objects)
    }

    /// What `async_hooks.createHook({ init })` gives, by a cheaper way where this Node has one.
    pub fn hook_of<'s>(&self, js: Js<'s>, init: Value<'s>) -> JsResult<'s> {
        let cheaper = owned(self, js)?.get("hook")?.call(js.undefined(), &[init])?;
        if !cheaper.is_undefined() {
            return Ok(cheaper);
        }
        let hooks = js.object();
        hooks.set("init", init)?;
        // Promises are never named. Older versions of Node ignore this option.
        hooks.set("trackPromises", js.boolean(false))?;
        js.builtin("async_hooks")?.call_method("createHook", &[hooks])
    }

    /// `step(...args)` on behalf of `owner`, as `run_as` does it.
    pub fn call_as<'s>(&self, owner: Value<'s>, step: Value<'s>, args: &[Value<'s>]) -> JsResult<'s> {
        let js = owner.js();
        let known = self.run_as.borrow().get(js);
        let run_as = if known.is_undefined() {
            let made = owned(self, js)?.get("runAs")?;
            *self.run_as.borrow_mut() = made.hold();
            made
        } else {
            known
        };
        let mut all = vec![owner, step];
        all.extend(args);
        run_as.call(js.undefined(), &all)
    }
}
