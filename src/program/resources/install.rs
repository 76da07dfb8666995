//! Replaces the functions of Node that start something.

use crate::js::{Js, JsResult};

use super::state::Resources;
use super::{failing, left_open, listeners, ports, sleeps, started, timers};

impl Resources {
    /// Replaces the functions of Node that start something, once. Only programs that run hot with watching need this.
    pub fn install<'s>(&self, js: Js<'s>) -> JsResult<'s, ()> {
        if !self.patches.borrow().is_empty() {
            return Ok(());
        }
        ports::install(self, js)?;
        timers::install(self, js)?;
        sleeps::install(self, js)?;
        started::install(self, js)?;
        listeners::install(self, js)?;
        failing::install(self, js)?;
        left_open::install(self, js)?;
        sync_exports(js)
    }

    /// Puts everything back as it was.
    pub fn uninstall<'s>(&self, js: Js<'s>) -> JsResult<'s, ()> {
        let object = js.global()?.get("Object")?;
        let patches = self.patches.take();
        for patch in patches.iter().rev() {
            let (target, before) = (patch.object.get(js), patch.before.get(js));
            let name = js.string(&patch.name);
            if before.is_undefined() {
                target.delete_key(name)?;
            } else {
                object.call_method("defineProperty", &[target, name, before])?;
            }
        }
        let undo = self.undo.take();
        for action in undo.into_iter().rev() {
            action(js)?;
        }
        left_open::note(self, js, false)?;
        self.storage.get(js).call_method("disable", &[])?;
        sync_exports(js)
    }
}

/// Lets the named exports of built-in modules follow what was replaced.
fn sync_exports(js: Js<'_>) -> JsResult<'_, ()> {
    js.builtin("module")?.call_method("syncBuiltinESMExports", &[])?;
    Ok(())
}
