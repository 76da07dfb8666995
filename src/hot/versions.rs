//! Which registrations stay when modules run again.
//!
//! A module that runs again makes a new hot context, which takes the place of the old one. Should the new version
//! fail, the old registrations come back: they are what recovers with the next save. Should it succeed, they go,
//! also when the new version makes no context.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use crate::js::Held;

use super::app::App;
use super::module_cache::Outcome;

/// One run of modules again: from eviction until it is known what became of each.
#[derive(Default)]
pub struct Versions {
    evicted: RefCell<HashSet<String>>,
    /// What the first context that was replaced during this run had registered, by owner.
    aside: RefCell<HashMap<String, Held>>,
    created: RefCell<HashSet<String>>,
}

impl Versions {
    /// Begins. The ids are those of modules that are evicted.
    pub fn open(app: &App, evicted: impl IntoIterator<Item = String>) -> Rc<Self> {
        let versions = Rc::new(Self {
            evicted: RefCell::new(evicted.into_iter().collect()),
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

    /// Ends. `failed` are the modules that were executed and threw; `before` are the ids that were loaded before.
    pub async fn close(&self, app: &App, failed: &HashSet<String>, before: &HashSet<String>) {
        let mut outcomes: Vec<(String, Outcome)> = Vec::new();
        let (evicted, created) = (self.evicted.borrow().clone(), self.created.borrow().clone());
        if !failed.is_empty() {
            let mut touched: HashSet<String> = evicted.union(&created).cloned().collect();
            touched.extend(failed.iter().cloned());
            let news = app.cx.with(|js| {
                let loaded = app.loaded(js).ok();
                loaded
                    .map(|ids| ids.iter().map(str::to_owned).collect::<HashSet<_>>())
                    .unwrap_or_default()
            });
            touched.extend(news.difference(before).cloned());
            outcomes = app.outcomes(touched.into_iter().collect()).await;
        }
        let has_failed = |id: &String, outcome: Outcome| {
            failed.contains(id)
                || match outcome {
                    Outcome::Failed => true,
                    Outcome::Ran => false,
                    // Nothing says that it ran, and something did not.
                    Outcome::Absent | Outcome::Unknown => evicted.contains(id) || created.contains(id),
                }
        };
        let mut gone: HashSet<String> = HashSet::new();
        for (id, outcome) in outcomes {
            if has_failed(&id, outcome) {
                gone.insert(id);
            }
        }
        app.state
            .versions
            .borrow_mut()
            .retain(|versions| !std::ptr::eq(Rc::as_ptr(versions), self));
        let aside = self.aside.take();
        app.cx.with(|js| {
            let Ok(cache) = app.cache(js) else { return };
            for owner in evicted.union(&created) {
                let key = js.string(owner);
                let is_created = created.contains(owner);
                // A map that a user has replaced by something else is theirs to mend.
                let _ = match (gone.contains(owner), aside.get(owner)) {
                    (true, Some(aside)) => cache.restore(key, aside.get(js)),
                    (true, None) if is_created => cache.drop_owner(key),
                    (false, _) if !is_created => cache.drop_owner(key),
                    _ => Ok(()),
                };
            }
            // A failed module stays in some caches, and would fail the next attempt unheard.
            let _ = app.evict(js, gone.iter().map(String::as_str));
        });
    }
}
