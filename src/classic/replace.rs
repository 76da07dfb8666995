//! Replaces the running version by a new one, and falls back to the old one if the new one fails.

use std::rc::Rc;

use super::calling::Module;
use super::hot_module::Version;
use super::outcome::{Stopped, UpdateOutcome};
use super::persist;
use super::record::Taking;
use super::registry::place;
use super::taking::fail_program;
use super::telling::Telling;
use super::trouble::FALLBACK;
use super::update::{RUNNER_FAILED, apply, finish};
use crate::files::Origin;
use crate::js::{Held, Js, JsResult, Value};

/// Runs a new version in place of the running one; if it fails, runs the old one again.
pub async fn replace(
    module: &Module,
    version: &Version,
    origin: Origin,
    by_program: Option<&Rc<Taking>>,
) -> UpdateOutcome {
    let (what, thrown) = match apply(module, version).await {
        Ok(exports) => return finish(module, version, &exports, UpdateOutcome::Updated),
        Err(Stopped::Gone) => return UpdateOutcome::Gone,
        Err(Stopped::GivenUp) => return UpdateOutcome::GivenUp,
        Err(Stopped::Failed(what, thrown)) => (what, thrown),
    };
    fail_program(by_program, &thrown);
    let mut telling = Telling::of(module, origin);
    telling.failure(blame(module, version, what, &thrown), &thrown);
    let outcome = fall_back(module, &mut telling).await;
    telling.end();
    outcome
}

/// The words for the failure. They name a frequent cause: the runner uses a value that only the new `generate` makes, but
/// the persistent values come from an older `generate`.
fn blame(module: &Module, version: &Version, what: &'static str, thrown: &Held) -> &'static str {
    let is_of_old_values = !version.forced && what == RUNNER_FAILED && {
        module.cx.with(|js| {
            let name = thrown.get(js).get("name").ok().and_then(Value::text);
            thrown.get(js).is_error()
                && name.as_deref() == Some("TypeError")
                && persist::generate_text(version.persist.get(js)) != *module.record.generated_by.borrow()
        })
    };
    if is_of_old_values {
        "the runner failed; its persistent values are those of an earlier `generate`, which is another now: with `true` as \
         hmr's third argument, for one save, they are made anew, and by a restart"
    } else {
        what
    }
}

async fn fall_back(module: &Module, telling: &mut Telling) -> UpdateOutcome {
    let Ok(last_good) = module.cx.attempt(|js| running_version(js, module)) else {
        return UpdateOutcome::Kept;
    };
    let unforced = Version {
        forced: false,
        ..last_good.clone()
    };
    match apply(module, &unforced).await {
        Ok(exports) => {
            telling.warning(FALLBACK);
            finish(module, &last_good, &exports, UpdateOutcome::FellBack)
        }
        Err(Stopped::Gone) => UpdateOutcome::Gone,
        Err(Stopped::GivenUp) => UpdateOutcome::GivenUp,
        Err(Stopped::Failed(_, thrown)) => {
            telling.failure("the last good version failed as well", &thrown);
            telling.warning("the exports stay as they were until the next save");
            UpdateOutcome::Kept
        }
    }
}

/// The version that ran last, from the slot.
pub fn running_version<'s>(js: Js<'s>, module: &Module) -> JsResult<'s, Version> {
    let slot = module.slot.get(js);
    let runner = slot.item(place::RUNNER)?;
    if !runner.is_object() {
        return Err(js.error("Error", "no version of this module has run yet"));
    }
    Ok(Version {
        persist: slot.item(place::PERSIST)?.hold(),
        runner: runner.hold(),
        is_async: slot.item(place::IS_ASYNC)?.truthy(),
        forced: false,
    })
}
