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
    /// Owners of which a run that began later has made a version that works.
    settled: RefCell<HashSet<String>>,
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
        self.settled.borrow_mut().remove(&owner);
        self.created.borrow_mut().insert(owner);
    }

    /// Whether a module has made its context in this run.
    pub fn has_created(&self, owner: &str) -> bool {
        self.created.borrow().contains(owner)
    }

    /// Whether this run has taken the module out of the cache, or made it.
    fn concerns(&self, id: &str) -> bool {
        self.evicted.contains(id) || self.has_created(id)
    }

    fn is_settled(&self, owner: &str) -> bool {
        self.settled.borrow().contains(owner)
    }

    /// A run that began later has made a version that works: this one has no say any more.
    fn settle(&self, owner: &str) {
        self.created.borrow_mut().remove(owner);
        self.aside.borrow_mut().remove(owner);
        self.settled.borrow_mut().insert(owner.to_owned());
    }

    /// A run that began earlier ends with a version that failed, and this one has made another: what would come back is
    /// what that one had set aside.
    fn inherit(&self, owner: &str, aside: Option<Held>) {
        let mut asides = self.aside.borrow_mut();
        match aside {
            Some(aside) => asides.insert(owner.to_owned(), aside),
            None => asides.remove(owner),
        };
    }

    /// The runs that are under way besides this one, and ends this one: those that began earlier, and later.
    fn leave(&self, app: &App) -> (Vec<Rc<Self>>, Vec<Rc<Self>>) {
        let mut open = app.state.versions.borrow_mut();
        let is_self = |versions: &Rc<Self>| ptr::eq(Rc::as_ptr(versions), self);
        let at = open.iter().position(is_self).unwrap_or(open.len());
        let later = open.get(at + 1..).unwrap_or_default().to_vec();
        open.retain(|versions| !is_self(versions));
        (open[..at].to_vec(), later)
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
                    Outcome::Ran | Outcome::Running => false,
                    // Nothing says that it ran, and something did not.
                    Outcome::Absent | Outcome::Unknown => is_concerned(&id) && !executed.contains(&id),
                };
                if has_failed {
                    gone.insert(id);
                }
            }
        }
        let (earlier, later) = self.leave(app);
        let is_made_later = |owner: &str| later.iter().any(|versions| versions.has_created(owner));
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
                let made_later = later.iter().find(|versions| versions.has_created(owner));
                if !gone.contains(owner) {
                    for versions in &earlier {
                        versions.settle(owner);
                    }
                } else if let Some(versions) = made_later {
                    versions.inherit(owner, self.aside.borrow_mut().remove(owner));
                }
                // A map that a user has replaced by something else is theirs to mend.
                let _ = if made_later.is_some() {
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
            // A failed module stays in some caches, and would fail the next attempt unheard.
            let failed = gone
                .iter()
                .filter(|id| !self.is_settled(id) && !is_made_later(id));
            let _ = app.evict(js, failed.map(String::as_str));
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

impl App {
    /// Whether a run that has not ended is about the module.
    pub fn is_run_by_us(&self, id: &str) -> bool {
        let open = self.state.versions.borrow();
        open.iter().any(|versions| versions.concerns(id))
    }
}

/// The new version registered nothing. The prune callback of a module that nobody imports any more is yet to come.
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
