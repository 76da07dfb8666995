//! The owners of what versions start, from a version's evaluation until an update or a reload has replaced it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

use super::events::Events;
use super::resources::{OwnerObject, Phase, Resources, Transition, busy, release};
use super::runtimes::{Going, MadeRuntimes};
use crate::es::{Engine, ModuleId, Stage, Version};
use crate::hot::Evaluating;
use crate::js::{Cx, Held, Js, JsResult, spawn_detached};
use rustc_hash::FxBuildHasher;

/// The owners of one program: one for each version that runs, or is about to run.
pub struct Owners {
    pub(super) resources: Rc<Resources>,
    /// The owner of each version, by module and number.
    by_version: RefCell<HashMap<(ModuleId, u32), OwnerObject, FxBuildHasher>>,
    transitions: RefCell<Vec<UnderWay>>,
    /// The runtimes that versions have made.
    pub(super) runtimes: MadeRuntimes,
}

/// An update under way.
struct UnderWay {
    stage: Rc<Stage>,
    transition: Rc<Transition>,
    /// The versions that are replaced.
    replaced: Vec<(ModuleId, u32)>,
    /// The runtimes that the replaced versions have made.
    going: Vec<Going>,
}

impl Owners {
    /// No owners yet.
    pub fn new(resources: Rc<Resources>) -> Rc<Self> {
        Rc::new(Self {
            resources,
            by_version: RefCell::default(),
            transitions: RefCell::default(),
            runtimes: MadeRuntimes::default(),
        })
    }

    pub(super) fn owner<'s>(&self, js: Js<'s>, version: &Version) -> JsResult<'s> {
        let key = (version.module, version.serial);
        if let Some(owner) = self.by_version.borrow().get(&key) {
            return Ok(owner.object.get(js));
        }
        let owner = self
            .resources
            .owner(js, &path_of(js, version.module)?, version.serial)?;
        let object = owner.object.get(js);
        self.by_version.borrow_mut().insert(key, owner);
        Ok(object)
    }

    /// Runs `body` on behalf of a version. What `body` starts belongs to nobody if the version has no owner.
    pub fn run_as<'s>(
        &self,
        js: Js<'s>,
        version: (ModuleId, u32),
        body: &mut dyn FnMut() -> JsResult<'s>,
    ) -> JsResult<'s> {
        let owner = self.by_version.borrow().get(&version).cloned();
        let owner = owner.map_or_else(|| js.undefined(), |owner| owner.object.get(js));
        self.resources.run_as(js, owner, body)
    }

    /// Begins a transition: the running versions of these modules are about to be replaced by those of the stage, or to be
    /// pruned.
    pub fn begin<'s>(
        &self,
        js: Js<'s>,
        engine: &Engine,
        stage: &Rc<Stage>,
        replaced: &[ModuleId],
        pruned: &[ModuleId],
    ) -> JsResult<'s, ()> {
        let mut keys = Vec::new();
        let mut owners_of = |ids: &[ModuleId]| {
            let mut owners = Vec::new();
            for version in ids.iter().filter_map(|id| engine.current(*id)) {
                let key = (version.module, version.serial);
                if let Some(owner) = self.by_version.borrow().get(&key) {
                    owners.push(owner.clone());
                    keys.push(key);
                }
            }
            owners
        };
        let (mut replaced, pruned) = (owners_of(replaced), owners_of(pruned));
        let going = self.runtimes.going(js, &self.resources, &mut replaced)?;
        let transition = Transition::begin(js, replaced)?;
        transition.add_pruned(pruned);
        // An owner that was made while functions were hoisted belongs to no transition, so it is dropped.
        for version in stage.modules().iter().filter_map(|id| stage.version(*id)) {
            let early = self
                .by_version
                .borrow_mut()
                .remove(&(version.module, version.serial));
            drop(early);
        }
        self.transitions.borrow_mut().push(UnderWay {
            stage: Rc::clone(stage),
            transition,
            replaced: keys,
            going,
        });
        Ok(())
    }

    fn transition(&self, stage: &Rc<Stage>) -> Option<Rc<Transition>> {
        let transitions = self.transitions.borrow();
        let found = transitions.iter().find(|other| Rc::ptr_eq(&other.stage, stage));
        found.map(|under_way| Rc::clone(&under_way.transition))
    }

    /// Waits for the end of an evaluation, but no longer than until a version has failed by an exit or an uncaught error. The rest
    /// of such an evaluation may never end, and is left to itself.
    ///
    /// # Errors
    /// What a version threw, or failed with.
    async fn until_failed(&self, cx: &Cx, stage: &Rc<Stage>, mut evaluating: Evaluating) -> Result<(), Held> {
        let Some(transition) = self.transition(stage) else {
            return evaluating.await;
        };
        let mut failed = Box::pin(transition.failed(cx.clone()));
        let ended = poll_fn(|waker| match evaluating.as_mut().poll(waker) {
            Poll::Ready(result) => Poll::Ready(Ok(result)),
            Poll::Pending => failed.as_mut().poll(waker).map(Err),
        });
        match ended.await {
            Ok(result) => result,
            Err(failure) => {
                cx.with(|js| spawn_detached(js, async move { drop(evaluating.await) }));
                Err(failure)
            }
        }
    }

    /// Waits until the stage has been evaluated and has come up. An update waits only while that may happen at once, since importers wait
    /// for its bindings.
    ///
    /// # Errors
    /// What a version threw, or failed with before it had come up: an exit, an uncaught error.
    pub async fn come_up(
        &self,
        cx: &Cx,
        stage: &Rc<Stage>,
        evaluating: Evaluating,
        is_reload: bool,
    ) -> Result<(), Held> {
        self.until_failed(cx, stage, evaluating).await?;
        let Some(transition) = self.transition(stage) else {
            return Ok(());
        };
        cx.attempt(|js| transition.evaluated(js, is_reload))?;
        if is_reload {
            Rc::clone(&transition).settled(cx.clone()).await;
        } else {
            Rc::clone(&transition).looked(cx.clone()).await;
        }
        transition.failure().map_or(Ok(()), Err)
    }

    /// Ends what the versions of a pruned module have started, unless a transition will end it.
    pub fn forget(&self, js: Js<'_>, module: ModuleId) {
        let gone: Vec<OwnerObject> = {
            let mut by_version = self.by_version.borrow_mut();
            let keys = by_version.keys().filter(|(of, _)| *of == module);
            let keys: Vec<(ModuleId, u32)> = keys.copied().collect();
            keys.iter().filter_map(|key| by_version.remove(key)).collect()
        };
        release(&self.resources, js, &gone, Phase::Released);
    }

    /// Ends the transition of an update: the new versions run, or the old ones go on.
    pub fn end<'s>(&self, js: Js<'s>, stage: &Rc<Stage>, has_succeeded: bool) -> JsResult<'s, ()> {
        let mut transitions = self.transitions.borrow_mut();
        let Some(place) = transitions
            .iter()
            .position(|other| Rc::ptr_eq(&other.stage, stage))
        else {
            return Ok(());
        };
        let under_way = transitions.remove(place);
        drop(transitions);
        let (transition, replaced) = (under_way.transition, under_way.replaced);
        let gone: Vec<(ModuleId, u32)> = if has_succeeded {
            replaced
        } else {
            let staged = stage.modules().iter().filter_map(|id| stage.version(*id));
            staged.map(|version| (version.module, version.serial)).collect()
        };
        let mut owners = Vec::new();
        for key in gone {
            let owner = self.by_version.borrow_mut().remove(&key);
            owners.extend(owner);
        }
        if has_succeeded {
            transition.commit();
            js.state::<Events>()?
                .leave(js, &self.resources, &busy(js, &owners))?;
            self.runtimes.close(js, &under_way.going)?;
            transition.come_up_if_safe(js)
        } else {
            transition.roll_back(js)
        }
    }
}

fn path_of(js: Js<'_>, module: ModuleId) -> JsResult<'_, String> {
    let record = Engine::of(js)?.record(module);
    Ok(record.map_or_else(String::new, |record| match &record.path {
        Some(path) => path.to_string_lossy().into_owned(),
        None => record.url.clone(),
    }))
}
