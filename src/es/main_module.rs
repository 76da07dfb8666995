//! The main module of a program whose entry is CommonJS, or has CommonJS's names: `require.main` and `process.mainModule`.
//!
//! Node sets it when the program starts. An entry that is evaluated again is a new module, which becomes the main module in
//! place of the old one. Node gives each `require` function the main module of the moment at which it makes the function, so
//! modules that are not evaluated again, such as packages, keep the first one as their `require.main`.

use std::rc::Rc;

use super::engine::Engine;
use super::record::{Record, Version};
use super::staged::Stage;
use crate::js::{Js, JsResult, Value};

/// `module.id` of the main module, where Node's CommonJS loader runs the entry. Node's ES loader sets no id of its own.
const ID: &str = ".";

fn process(js: Js<'_>) -> JsResult<'_> {
    js.global()?.get("process")
}

impl Engine {
    /// Notes the entry when Node runs it for the first time as CommonJS, and how Node named it.
    pub(super) fn note_main<'s>(&self, js: Js<'s>, record: &Record, module: Value<'s>) -> JsResult<'s, ()> {
        if self.is_main_named.get().is_some() || !process(js)?.get("mainModule")?.same(module) {
            return Ok(());
        }
        self.main.set(Some(record.id));
        let is_named = module.get("id")?.text().as_deref() == Some(ID);
        self.is_main_named.set(Some(is_named));
        Ok(())
    }

    /// The `parent` of a CommonJS module that an ES module, or nobody, has loaded: `null` for the main module where Node's
    /// CommonJS loader runs the entry.
    pub(super) fn parent_of_imported<'s>(&self, js: Js<'s>, version: &Version) -> Value<'s> {
        if self.main.get() == Some(version.module) && self.is_main_named.get() == Some(true) {
            js.null()
        } else {
            js.undefined()
        }
    }

    /// Makes the module of a version that begins to run the main module, if the version is of the entry.
    pub(super) fn become_main<'s>(
        &self,
        js: Js<'s>,
        version: &Version,
        module: Value<'s>,
    ) -> JsResult<'s, ()> {
        if self.main.get() != Some(version.module) {
            return Ok(());
        }
        if module.is_object() && self.is_main_named.get() == Some(true) {
            module.set("id", js.string(ID))?;
        }
        if process(js)?.get("mainModule")?.same(module) {
            return Ok(());
        }
        self.note_main_before(js, version)?;
        process(js)?.set("mainModule", module)
    }

    /// Notes the main module that a version is about to replace, in case the version's stage is discarded.
    pub(super) fn note_main_before<'s>(&self, js: Js<'s>, version: &Version) -> JsResult<'s, ()> {
        let before = process(js)?.get("mainModule")?.hold();
        let stages = self.stages.borrow();
        let is_its = |staged: Rc<Version>| std::ptr::eq(&raw const *staged, version);
        let stage = stages
            .iter()
            .find(|stage| stage.version(version.module).is_some_and(is_its));
        if let Some(stage) = stage {
            stage.main_before.borrow_mut().get_or_insert(before);
        }
        Ok(())
    }

    /// Makes the main module of an entry in TypeScript that has CommonJS's names, before what the entry imports runs: as
    /// CommonJS the entry would be the first to run.
    pub(super) fn begin_main<'s>(&self, js: Js<'s>, version: &Version) -> JsResult<'s, ()> {
        let is_main = self.main.get() == Some(version.module) && version.unit.is_loose();
        match version.scope().filter(|_| is_main) {
            Some(scope) => scope.get(js).get("module").map(drop),
            None => Ok(()),
        }
    }

    /// Gives back the main module that a discarded stage has replaced.
    pub(super) fn restore_main<'s>(js: Js<'s>, stage: &Stage) -> JsResult<'s, ()> {
        match stage.main_before.take() {
            Some(before) => process(js)?.set("mainModule", before.get(js)),
            None => Ok(()),
        }
    }
}
