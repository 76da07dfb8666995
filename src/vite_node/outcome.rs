//! Decides which registrations stay when modules have run again.
//!
//! A module that runs again makes a new hot context, which replaces the old one. If the new version fails, the old
//! registrations come back, so that the next save can recover. If it succeeds, they go, also if the new version makes no
//! context.

use std::collections::HashSet;
use std::ptr;
use std::rc::Rc;

use crate::js::{Js, JsResult};

use super::app::App;
use super::runner::module_cache::{Ids, RunState};
use super::versions::Versions;

impl Versions {
    /// Begins a run. `evicted` are the ids of the modules that are evicted.
    pub fn open(app: &App, evicted: impl IntoIterator<Item = String>) -> Rc<Self> {
        let versions = Rc::new(Self {
            evicted: evicted.into_iter().collect(),
            ..Self::default()
        });
        app.state.versions.borrow_mut().push(Rc::clone(&versions));
        versions
    }

    /// Ends this run. Returns the other runs under way: those that began earlier, and those that began later.
    fn leave(&self, app: &App) -> (Vec<Rc<Self>>, Vec<Rc<Self>>) {
        let mut open = app.state.versions.borrow_mut();
        let is_self = |versions: &Rc<Self>| ptr::eq(Rc::as_ptr(versions), self);
        let at = open.iter().position(is_self).unwrap_or(open.len());
        let later = open.get(at + 1..).unwrap_or_default().to_vec();
        open.retain(|versions| !is_self(versions));
        (open[..at].to_vec(), later)
    }

    /// Ends the run: decides which registrations stay. `failed` are the modules among the `executed` ones that threw.
    pub async fn close(&self, app: &App, executed: &HashSet<String>, failed: &HashSet<String>) {
        let created = self.created.borrow().clone();
        let is_concerned = |id: &String| self.evicted.contains(id) || created.contains(id);
        let gone = self.failed_modules(app, executed, failed, &created).await;
        let (earlier, later) = self.leave(app);
        {
            let mut failed = app.state.failed.borrow_mut();
            failed.retain(|id| !is_concerned(id) && !executed.contains(id));
            failed.extend(gone.iter().filter(|id| !self.is_settled(id)).cloned());
        }
        app.cx.with(|js| {
            let prunable = self.no_longer_imported(app, js, executed).unwrap_or_default();
            for owner in self
                .evicted
                .union(&created)
                .filter(|owner| !self.is_settled(owner))
            {
                self.pass_on(owner, gone.contains(owner), &earlier, &later);
                // Errors are ignored: a user may have replaced one of the maps by something else.
                let _ = if later.iter().any(|versions| versions.has_created(owner)) {
                    Ok(())
                } else if gone.contains(owner) {
                    self.bring_back(app, js, owner)
                } else if created.contains(owner)
                    || later.iter().any(|versions| versions.evicted.contains(owner))
                {
                    Ok(())
                } else {
                    drop_old(app, js, owner, prunable.contains(owner))
                };
            }
            // A failed module stays in some caches, where it would fail the next attempt without being run.
            let is_made_later = |owner: &str| later.iter().any(|versions| versions.has_created(owner));
            let failed = gone
                .iter()
                .filter(|id| !self.is_settled(id) && !is_made_later(id));
            let _ = app.evict(js, failed.map(String::as_str));
        });
    }

    /// All modules that failed in this run: those in `failed`, and if there are any, whatever else they made fail.
    async fn failed_modules(
        &self,
        app: &App,
        executed: &HashSet<String>,
        failed: &HashSet<String>,
        created: &HashSet<String>,
    ) -> HashSet<String> {
        let mut gone = failed.clone();
        if failed.is_empty() {
            return gone;
        }
        let mut touched: HashSet<_> = self.evicted.union(created).cloned().collect();
        // A module that was loaded for the first time may have failed, too.
        let loaded = app
            .cx
            .attempt(|js| Ok(app.loaded(js)?.iter().map(str::to_owned).collect::<Vec<_>>()));
        touched.extend(loaded.unwrap_or_default());
        for (id, outcome) in app.outcomes(touched.into_iter().collect()).await {
            let has_failed = match outcome {
                RunState::Failed => true,
                RunState::Ran | RunState::Running => false,
                // Nothing says that this module ran, and some module did not.
                RunState::Absent | RunState::Unknown => {
                    let is_concerned = self.evicted.contains(&id) || created.contains(&id);
                    is_concerned && !executed.contains(&id)
                }
            };
            if has_failed {
                gone.insert(id);
            }
        }
        gone
    }

    /// Tells the other runs under way what became of an owner: earlier ones that a later version works, or a later one that
    /// the version of this run has failed.
    fn pass_on(&self, owner: &str, has_failed: bool, earlier: &[Rc<Self>], later: &[Rc<Self>]) {
        let made_later = later.iter().find(|versions| versions.has_created(owner));
        if !has_failed {
            for versions in earlier {
                versions.settle(owner);
            }
        } else if let Some(versions) = made_later {
            versions.inherit(owner, self.aside.borrow_mut().remove(owner));
        }
    }

    /// The evicted modules with a prune callback that were not loaded again.
    fn no_longer_imported<'s>(
        &self,
        app: &App,
        js: Js<'s>,
        executed: &HashSet<String>,
    ) -> JsResult<'s, HashSet<String>> {
        let (prunable, loaded) = (app.cache(js)?.prune_callbacks()?, app.loaded(js)?);
        if prunable.0.get("size")?.as_number() == Some(0.0) {
            return Ok(HashSet::new());
        }
        let is_gone =
            |id: &&str| self.evicted.contains(*id) && !executed.contains(*id) && !loaded.contains(id);
        Ok(Ids::of(vec![prunable])
            .iter()
            .filter(is_gone)
            .map(str::to_owned)
            .collect())
    }

    /// Puts the old version's registrations back, since the new version failed.
    fn bring_back<'s>(&self, app: &App, js: Js<'s>, owner: &str) -> JsResult<'s, ()> {
        let (cache, key) = (app.cache(js)?, js.string(owner));
        match self.aside.borrow().get(owner) {
            Some(aside) => cache.restore(key, aside.get(js)),
            None if self.created.borrow().contains(owner) => cache.drop_owner(key),
            None => Ok(()),
        }
    }
}

impl App {
    /// Whether one of our runs that have not ended, and are not late, runs the module.
    pub fn is_run_by_us(&self, id: &str) -> bool {
        let open = self.state.versions.borrow();
        let mut in_time = open.iter().filter(|versions| !versions.is_late.get());
        in_time.any(|versions| versions.concerns(id))
    }
}

/// Drops the old version's registrations, since the new version has registered nothing. The prune callback stays if the
/// module is yet to be pruned.
fn drop_old<'s>(app: &App, js: Js<'s>, owner: &str, is_prunable: bool) -> JsResult<'s, ()> {
    let (cache, key) = (app.cache(js)?, js.string(owner));
    let prune = cache.prune_callbacks()?.get(key)?;
    if app.loaded(js)?.contains(owner) {
        cache.retire(key)?;
    }
    cache.drop_owner(key)?;
    if is_prunable {
        cache.prune_callbacks()?.set(key, prune)
    } else {
        Ok(())
    }
}
