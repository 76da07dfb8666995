//! Which registrations stay when modules run again.
//!
//! A module that runs again makes a new hot context, which takes the place of the old one. Should the new version
//! fail, the old registrations come back: they are what recovers with the next save. Should it succeed, they go,
//! also when the new version makes no context.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::ptr;
use std::rc::Rc;

use crate::js::{Held, Js, JsResult};

use super::app::App;
use super::module_cache::{Ids, Outcome};

/// One run of modules again: from eviction until it is known what became of each.
#[derive(Default)]
pub struct Versions {
    evicted: HashSet<String>,
    created: RefCell<HashSet<String>>,
    /// What the first context that was replaced during this run had registered, by owner.
    aside: RefCell<HashMap<String, Held>>,
}

impl Versions {
    /// Begins. The ids are those of modules that are evicted.
    pub fn open(app: &App, evicted: impl IntoIterator<Item = String>) -> Rc<Self> {
        let versions = Rc::new(Self {
            evicted: evicted.into_iter().collect(),
            ..Self::default()
        });
        app.state.versions.borrow_mut().push(Rc::clone(&versions));
        versions
    }

    /// A module made its context; `aside` is what that replaced.
    pub fn created(&self, owner: String, aside: Option<Held>) {
        // What the second of two new contexts replaces is no old version.
        if let Some(aside) = aside.filter(|_| !self.created.borrow().contains(&owner)) {
            self.aside.borrow_mut().insert(owner.clone(), aside);
        }
        self.created.borrow_mut().insert(owner);
    }

    /// Ends. `failed` are those of the `executed` modules that threw.
    pub async fn close(&self, app: &App, executed: &HashSet<String>, failed: &HashSet<String>) {
        let created = self.created.borrow().clone();
        let mut gone = failed.clone();
        let is_concerned = |id: &String| self.evicted.contains(id) || created.contains(id);
        if !failed.is_empty() {
            let mut touched: HashSet<_> = self.evicted.union(&created).cloned().collect();
            // A module that was loaded for the first time may be what failed.
            let loaded = app
                .cx
                .attempt(|js| Ok(app.loaded(js)?.iter().map(str::to_owned).collect::<Vec<_>>()));
            touched.extend(loaded.unwrap_or_default());
            for (id, outcome) in app.outcomes(touched.into_iter().collect()).await {
                let has_failed = match outcome {
                    Outcome::Failed => true,
                    Outcome::Ran => false,
                    // Nothing says that it ran, and something did not.
                    Outcome::Absent | Outcome::Unknown => is_concerned(&id) && !executed.contains(&id),
                };
                if has_failed {
                    gone.insert(id);
                }
            }
        }
        {
            let mut failed = app.state.failed.borrow_mut();
            failed.retain(|id| !is_concerned(id) && !executed.contains(id));
            failed.extend(gone.iter().cloned());
        }
        app.state
            .versions
            .borrow_mut()
            .retain(|versions| !ptr::eq(Rc::as_ptr(versions), self));
        app.cx.with(|js| {
            let prunable = self.no_longer_imported(app, js, executed).unwrap_or_default();
            for owner in self.evicted.union(&created) {
                // A map that a user has replaced by something else is theirs to mend.
                let _ = if gone.contains(owner) {
                    self.bring_back(app, js, owner)
                } else if created.contains(owner) {
                    Ok(())
                } else {
                    drop_old(app, js, owner, prunable.contains(owner))
                };
            }
            // A failed module stays in some caches, and would fail the next attempt unheard.
            let _ = app.evict(js, gone.iter().map(String::as_str));
        });
    }

    /// Those with a prune callback that were evicted and not loaded again.
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

    /// The new version failed: what the old one registered is what recovers.
    fn bring_back<'s>(&self, app: &App, js: Js<'s>, owner: &str) -> JsResult<'s, ()> {
        let (cache, key) = (app.cache(js)?, js.string(owner));
        match self.aside.borrow().get(owner) {
            Some(aside) => cache.restore(key, aside.get(js)),
            None if self.created.borrow().contains(owner) => cache.drop_owner(key),
            None => Ok(()),
        }
    }
}

/// The new version registered nothing. The prune callback of a module that nobody imports any more is yet to come.
fn drop_old<'s>(app: &App, js: Js<'s>, owner: &str, is_prunable: bool) -> JsResult<'s, ()> {
    let (cache, key) = (app.cache(js)?, js.string(owner));
    let prune = cache.prune_callbacks()?.get(key)?;
    cache.drop_owner(key)?;
    if is_prunable {
        cache.prune_callbacks()?.set(key, prune)
    } else {
        Ok(())
    }
}
