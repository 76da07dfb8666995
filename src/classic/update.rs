//! The spine of the classic API: takes one version of a module from its file to its exports.

use std::rc::Rc;
use std::time::{Duration, SystemTime};

use super::calling::{Module, StepFailure};
use super::dependencies::{self, Loaded};
use super::engine_require::evaluated_meanwhile;
use super::hot_module::Version;
use super::idle::EndsIdle;
use super::lifecycle::{Situation, Step, plan};
use super::load::{leave_parents, load_first, load_for_update};
use super::outcome::{Stopped, UpdateOutcome};
use super::recent::warn_of_loop;
use super::record::{Phase, Record, Taking};
use super::registry::place;
use super::replace::{replace, running_version};
use super::settling::{is_just_written, report_after_settling};
use super::taking::{fail_program, forget_taken};
use super::trouble::{log_kept, report_failure, report_of_old_version, tell_not_forgotten};
use super::unloadable::{Failure, report_at_once};
use super::values::{keep_values, take_values};
use super::{command, emitter, settling, watching};
use crate::files::{Delivery, Origin};
use crate::js::{Held, Js, Timers, outside, spawn_detached};
use crate::report;

/// The words of the report about a runner that threw.
pub const RUNNER_FAILED: &str = "the runner failed";
/// The words of the report about a cleanup of persistent values that threw.
const VALUES_CLEANUP_FAILED: &str = "the cleanup of the persistent values failed";

/// Makes the first import; every failure is thrown to the caller.
///
/// If the import is part of another module's update (`is_in_update`), a file that was written a moment ago may be half
/// written. So a failed load is repeated after the settle time: nothing watches a module whose first import failed, so
/// nothing else would repeat it.
pub async fn first_import(module: &Module, is_in_update: bool) -> Result<(), Held> {
    let load_now = || module.cx.attempt(|js| load_first(js, module));
    let mut version = load_now();
    while version.is_err() && is_in_update && module.record.is_alive.get() && is_just_written(&module.record)
    {
        settling::wait(module).await;
        version = load_now();
    }
    while version.is_err() && evaluated_meanwhile(module).await && module.record.is_alive.get() {
        version = load_now();
    }
    let mut version = version?;
    loop {
        match apply(module, &version).await {
            Ok(exports) => {
                publish(module, &version, &exports);
                return Ok(());
            }
            Err(Stopped::Failed(_, thrown)) => return Err(thrown),
            Err(Stopped::Gone) => return Ok(()),
            Err(Stopped::GivenUp) => {
                module.record.pending.set(None);
                let mut again = load_now();
                while again.is_err() && evaluated_meanwhile(module).await {
                    again = load_now();
                }
                version = again?;
            }
        }
    }
}

/// Makes a further import: cleans up the running version and runs it again, without evaluating its file.
pub async fn import_again(module: &Module) -> Result<(), Held> {
    let version = module.cx.attempt(|js| {
        watching::resolve_and_watch(js, module)?;
        dependencies::follow(js, module)?;
        running_version(js, module)
    })?;
    let version = Version {
        forced: false,
        ..version
    };
    match apply(module, &version).await {
        Ok(exports) if module.record.is_alive.get() => {
            publish(module, &version, &exports);
            Ok(())
        }
        Ok(_) | Err(Stopped::Gone | Stopped::GivenUp) => Ok(()),
        Err(Stopped::Failed(_, thrown)) => Err(thrown),
    }
}

/// Starts an update, or notes the change if an import or update of the module is under way.
pub fn change(js: Js<'_>, module: Module, origin: Origin) {
    if module.record.is_busy() {
        wait_for_turn(js, &module.record, origin);
        return;
    }
    start(js, module, origin, None, Vec::new());
}

/// Notes a change of a module for which an import or update is under way. A step that hangs is given up for it, in a
/// microtask, because the caller may have to tell of further changes first.
pub fn wait_for_turn(js: Js<'_>, record: &Rc<Record>, origin: Origin) {
    record.pending.set(Some(origin));
    let Some(step) = record.stalled_step() else { return };
    let asked = js.soon(move |js| step.given_up.fire(js, &Ok(Held::undefined())));
    // Fails only when the environment is shutting down.
    let _ = asked;
}

/// Starts the update to a version that was loaded already, when the updates of the modules `before` have ended.
pub fn change_loaded(js: Js<'_>, module: Module, origin: Origin, loaded: Loaded, before: Vec<Rc<Record>>) {
    start(js, module, origin, Some(loaded), before);
}

fn start(js: Js<'_>, module: Module, origin: Origin, loaded: Option<Loaded>, before: Vec<Rc<Record>>) {
    command::save_is_taken(js);
    outside(js, move |js| {
        spawn_detached(js, run_updates(module, origin, loaded, before));
    });
}

async fn run_updates(module: Module, origin: Origin, mut loaded: Option<Loaded>, before: Vec<Rc<Record>>) {
    let ends = EndsIdle(Some(module.clone()));
    for other in before {
        let _waiting = module.record.waiting_for(&other);
        while other.is_busy() {
            drop(other.idle.wait(&module.cx).await);
        }
    }
    let mut next = Some(origin);
    while let Some(origin) = next {
        module.record.phase.set(Phase::Updating);
        update(&module, origin, loaded.take()).await;
        // A listener of `update` may have started an import of the module, which takes the pending change at its end.
        next = if module.record.is_busy() {
            None
        } else {
            take_pending(&module)
        };
    }
    ends.disarm();
}

/// Takes the change that came while an import or update was under way, unless the module is not watched any more.
pub fn take_pending(module: &Module) -> Option<Origin> {
    let pending = module.record.pending.take();
    pending.filter(|_| module.record.is_alive.get() && module.record.is_watched.get())
}

/// Takes up a change that came during an import, in the next turn of the event loop: by then the importer has got its
/// exports, through however many promises, and could listen for `update`.
pub fn follow_up(js: Js<'_>, module: &Module) {
    if module.record.pending.get().is_none() {
        return;
    }
    let module = module.clone();
    let again = move |js: Js<'_>| {
        if !module.record.is_busy()
            && let Some(origin) = take_pending(&module)
        {
            change(js, module.clone(), origin);
        }
    };
    let asked = js
        .state::<Timers>()
        .and_then(|timers| timers.next_turn(js, again));
    // Fails only when the environment is shutting down.
    let _ = asked;
}

async fn update(module: &Module, origin: Origin, loaded: Option<Loaded>) {
    let record = &module.record;
    record.updates.set(record.updates.get() + 1);
    let mut loaded = loaded.unwrap_or_else(|| load_for_update(module, origin));
    while loaded.version.is_err() && evaluated_meanwhile(module).await && record.is_alive.get() {
        loaded = load_for_update(module, origin);
    }
    // A caller that tells of a change by hand may look at `module.children` as soon as the call returns.
    if origin != Origin::Watched {
        module.cx.with(|js| leave_parents(js, module));
    }
    let by_program = record.by_program.borrow().clone();
    let way = record.way.take();
    // Half a save is no update: it cannot run, and so writes nothing.
    if origin == Origin::Watched && loaded.version.is_ok() {
        let own = record.resolved.borrow().clone();
        let changed = way.first().unwrap_or(&own);
        module
            .cx
            .with(|js| warn_of_loop(js, &record.recent, &record.id, changed));
    }
    let outcome = match loaded.version {
        Ok(version) => replace(module, &version, origin, by_program.as_ref()).await,
        Err(thrown) => {
            let failure = Failure {
                module: module.clone(),
                thrown,
                is_reported: loaded.is_reported,
                way: way.clone(),
                took: loaded.began.elapsed(),
                update: record.updates.get(),
                is_late: origin == Origin::Settled,
            };
            keep_old(failure, origin, by_program.as_ref())
        }
    };
    record.recent.borrow_mut().run_has_ended();
    forget_taken(record, by_program.as_ref());
    record.phase.set(Phase::Ready);
    module.cx.with(|js| {
        record.idle.fire(js, &Ok(Held::undefined()));
        log(
            js,
            record,
            outcome,
            &way,
            loaded.began.elapsed(),
            by_program.is_some(),
        );
        if matches!(outcome, UpdateOutcome::Updated | UpdateOutcome::FellBack) {
            announce(js, module.clone());
        } else {
            leave_parents(js, module);
        }
    });
}

/// Keeps the running version, as the new one could not be loaded. Reports that now, or after the settle time.
fn keep_old(failure: Failure, origin: Origin, by_program: Option<&Rc<Taking>>) -> UpdateOutcome {
    let (module, thrown) = (&failure.module, &failure.thrown);
    let becomes_program = |js: Js<'_>| command::becomes_program(js, &module.record, thrown);
    if module.cx.with(becomes_program) {
        return UpdateOutcome::Gone;
    }
    if tell_not_forgotten(module, thrown, failure.is_reported) {
        return UpdateOutcome::Unchanged;
    }
    if origin == Origin::Told {
        report_at_once(&failure);
        fail_program(by_program, thrown);
        return UpdateOutcome::Kept;
    }
    report_after_settling(failure, origin, change);
    UpdateOutcome::KeptForNow
}

/// Writes the log line of an update.
fn log(
    js: Js<'_>,
    record: &Record,
    outcome: UpdateOutcome,
    way: &[String],
    took: Duration,
    is_of_program: bool,
) {
    match outcome {
        UpdateOutcome::Updated => {
            let has_recovered = record.trouble.end();
            // The program writes a line of its own.
            if !is_of_program {
                // A copy, as the user's console runs meanwhile.
                let path = record.resolved.borrow().clone();
                let what = if has_recovered { "recovered" } else { "updated" };
                report::updated(js, way, &record.id, &path, what, took);
            }
        }
        UpdateOutcome::FellBack | UpdateOutcome::Kept => log_kept(js, record, way, took),
        UpdateOutcome::KeptForNow
        | UpdateOutcome::Unchanged
        | UpdateOutcome::GivenUp
        | UpdateOutcome::Gone => {}
    }
}

/// Emits `update`: one microtask after the exports are set, as the JavaScript package does, so that code that tells a
/// watcher of a change and then begins to wait for `update` does not miss a synchronous update. Nobody can do that with
/// our own watchers, so for these it is emitted when all due changes have been delivered. The parents are left after it.
fn announce(js: Js<'_>, module: Module) {
    let emit = move |js: Js<'_>| {
        if module.record.is_alive.get() {
            emitter::emit(js, module.runtime.get(js), &module.record.id);
        }
        leave_parents(js, &module);
    };
    let asked = js
        .state::<Delivery>()
        .and_then(|delivery| delivery.soon(js, emit));
    // Fails only when the environment is shutting down.
    let _ = asked;
}

/// Publishes the exports of a version that ran, unless the module was unimported meanwhile.
pub fn finish(module: &Module, version: &Version, exports: &Held, outcome: UpdateOutcome) -> UpdateOutcome {
    if !module.record.is_alive.get() {
        return UpdateOutcome::Gone;
    }
    publish(module, version, exports);
    if !version.is_async {
        // The promise of a plain runner is the exports. At the first import the caller has it; here nobody waits for it.
        let what = "the promise that its runner returned was rejected (an AsyncRunner would be awaited)";
        module
            .cx
            .with(|js| report::rejection(js, &module.record.id, what, exports.get(js)));
    }
    outcome
}

/// Runs the steps of the plan for a version, and returns its exports.
pub async fn apply(module: &Module, version: &Version) -> Result<Held, Stopped> {
    let record = &module.record;
    let situation = Situation {
        is_running: record.is_running.get(),
        has_values: record.has_values.get(),
        is_forced: version.forced,
    };
    for step in plan(situation) {
        // The evaluation or the step before may have unimported the module.
        if !record.is_alive.get() {
            return Err(Stopped::Gone);
        }
        match step {
            Step::CleanRunner => {
                record.is_running.set(false);
                let cleaned = module.clean_runner().await;
                report_cleanup(module, "the runner's cleanup failed", cleaned)?;
            }
            Step::CleanPersist => {
                if let Some((persist, values)) = take_values(module) {
                    let cleaned = module.clean_persist(&persist, &values).await;
                    report_cleanup(module, VALUES_CLEANUP_FAILED, cleaned)?;
                }
            }
            Step::Generate => {
                let what = "the persistent values could not be generated";
                let values = module.generate(&version.persist).await;
                let values = values.map_err(|failure| Stopped::of(what, failure))?;
                if !record.is_alive.get() {
                    // `unimport` could not clean up these values, as they were not there yet.
                    let cleaned = module.clean_persist(&version.persist, &values).await;
                    report_cleanup(module, VALUES_CLEANUP_FAILED, cleaned)?;
                    return Err(Stopped::Gone);
                }
                let kept = keep_values(module, &version.persist, &values);
                kept.map_err(|thrown| Stopped::Failed(what, thrown))?;
            }
            Step::Run => {
                let ran = module.run(version).await;
                return ran.map_err(|failure| Stopped::of(RUNNER_FAILED, failure));
            }
        }
    }
    Err(Stopped::Gone)
}

/// Reports what a cleanup threw; the next step runs all the same. An error only if the cleanup was given up.
fn report_cleanup(
    module: &Module,
    what: &'static str,
    cleaned: Result<(), StepFailure>,
) -> Result<(), Stopped> {
    match cleaned {
        Ok(()) => Ok(()),
        Err(StepFailure::Thrown(thrown)) => {
            report_of_old_version(module, what, &thrown);
            Ok(())
        }
        Err(StepFailure::GivenUp) => Err(Stopped::GivenUp),
    }
}

/// Gives the exports object the new value, and makes the version the last good one.
fn publish(module: &Module, version: &Version, exports: &Held) {
    let done = module.cx.attempt(|js| {
        let slot = module.slot.get(js);
        slot.set_item(place::RUNNER, version.runner.get(js))?;
        slot.set_item(place::PERSIST, version.persist.get(js))?;
        slot.set_item(place::IS_ASYNC, js.boolean(version.is_async))?;
        slot.item(place::EXPORTS_OBJECT)?
            .set_strictly("exports", exports.get(js))
    });
    module.record.is_running.set(true);
    module.record.loaded_at.set(Some(SystemTime::now()));
    if let Err(thrown) = done {
        // For example, the caller froze the exports object.
        report_failure(module, "its exports could not be set", &thrown);
    }
}
