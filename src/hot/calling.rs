//! Calls users' functions one after the other. Each failure is reported and does not stop the others, and no function is
//! waited for for ever.

use std::rc::Rc;

use super::updater::Updater;
use super::version::{Version, WatchRequest};
use crate::js::{Cx, Held, Js, Value, settled_within};
use crate::report;

/// How long a user's promise is waited for, in milliseconds.
const PATIENCE: u32 = 5000;

impl Updater {
    /// Calls a function that a version has registered, on behalf of its module, and waits for the promise that it returns.
    /// Gives the error that it threw or rejected with.
    pub(super) async fn call_user(
        &self,
        cx: &Cx,
        version: &Rc<Version>,
        what: &str,
        function: &Held,
        arguments: impl for<'s> FnOnce(Js<'s>) -> Vec<Value<'s>>,
    ) -> Result<(), Held> {
        let returned = cx.attempt(|js| {
            let arguments = arguments(js);
            let returned = self.runner.run_as(js, &self.speaker(version), &mut || {
                function.get(js).call(js.undefined(), &arguments)
            })?;
            Ok(returned.is_thenable()?.then(|| returned.hold()))
        });
        let Some(promise) = returned? else { return Ok(()) };
        if let Some(result) = settled_within(cx, PATIENCE, promise).await {
            return result.map(drop);
        }
        cx.with(|js| {
            let seconds = PATIENCE / 1000;
            let text = format!("{what} has not settled within {seconds} s and is left behind");
            report::warning(js, &report::relative(&version.module.path), &text);
        });
        Ok(())
    }

    /// Calls a function as [`Updater::call_user`] does, and reports its error.
    pub(super) async fn call_or_report(
        &self,
        cx: &Cx,
        version: &Rc<Version>,
        what: &str,
        function: &Held,
        arguments: impl for<'s> FnOnce(Js<'s>) -> Vec<Value<'s>>,
    ) {
        if let Err(thrown) = self.call_user(cx, version, what, function, arguments).await {
            self.report_failure(cx, version, what, &thrown);
        }
    }

    /// Reports the error of a user's function. Without a line of code, if the file has been saved anew since.
    pub(super) fn report_failure(&self, cx: &Cx, version: &Version, what: &str, thrown: &Held) {
        let path = &*version.module.path;
        let is_shown =
            |file: &str| self.runner.runs_what_is_saved(file) && !(version.is_retired() && file == path);
        let what = format!("{what} failed");
        cx.with(|js| {
            let id = report::relative(path);
            report::error_with_frames_of(js, &id, &what, thrown.get(js), &is_shown);
        });
    }

    /// The version on whose behalf a version's callbacks run: the version itself, or once it was replaced, the running
    /// version of its module.
    fn speaker(&self, version: &Rc<Version>) -> Rc<Version> {
        let successor = self.hot.current(version.module.id);
        let successor = successor.filter(|_| version.is_retired());
        successor.unwrap_or_else(|| Rc::clone(version))
    }

    /// Calls the callback of `hot.watch` with the path that changed.
    pub async fn call_watcher(&self, cx: &Cx, version: &Rc<Version>, request: &WatchRequest, changed: &str) {
        let Some(callback) = &request.callback else { return };
        self.call_or_report(cx, version, "a callback of watch", callback, |js| {
            vec![js.string(changed)]
        })
        .await;
    }
}
