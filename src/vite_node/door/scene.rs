//! The loaded modules when an update arrives, and which edits the update is about.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::rc::Rc;

use crate::js::{Held, Js, JsResult, Value};

use crate::paths::is_in_node_modules;
use crate::vite_node::app::App;
use crate::vite_node::door::ids::{Roots, shown};
use crate::vite_node::plugin::changes::{Changes, EditKey};
use crate::vite_node::runner::module_cache::Ids;

/// The loaded modules when the update arrives, with everything that planning needs.
pub struct Scene<'a, 's> {
    /// The runner with its emitter and entries.
    pub app: &'a App,
    /// The right to use values.
    pub js: Js<'s>,
    /// The folder and the public path that ids are relative to.
    pub roots: Roots,
    /// The loaded modules.
    pub loaded: Ids<'s>,
    /// The owners of registrations.
    pub owners: Ids<'s>,
    /// The edits that the plugin saw.
    pub changes: Option<Rc<Changes>>,
    /// Whether the entries failed when they were executed last.
    pub is_down: bool,
    /// The moment when the payload arrived.
    pub arrived: u64,
    importers: RefCell<HashMap<String, Vec<String>>>,
    changed: RefCell<Vec<(EditKey, Rc<[String]>)>>,
}

/// The edits that an update is about.
#[derive(Clone, Default, PartialEq)]
pub struct Causes {
    /// The edits; none if the plugin did not see them.
    pub edits: Vec<EditKey>,
    /// Whether each of the edits leads to the accepted module. If not, some of them may, and others have messages of their
    /// own.
    pub are_certain: bool,
}

impl Causes {
    /// Whether `is_so` holds for all edits, and there are any.
    pub fn all(&self, is_so: impl FnMut(&EditKey) -> bool) -> bool {
        !self.edits.is_empty() && self.edits.iter().all(is_so)
    }
}

impl<'a, 's> Scene<'a, 's> {
    /// The modules that are loaded now.
    pub fn new(app: &'a App, js: Js<'s>, is_down: bool, arrived: u64) -> JsResult<'s, Self> {
        Ok(Self {
            app,
            js,
            roots: app.roots(js).clone(),
            loaded: app.loaded(js)?,
            owners: app.owners(js)?,
            changes: app.changes(js),
            is_down,
            arrived,
            importers: RefCell::default(),
            changed: RefCell::default(),
        })
    }

    /// The path of a payload; or, if it may be a path as well as a URL, the id that the server knows by it.
    pub fn unambiguous(&self, path: &str) -> String {
        let known = if self.roots.is_ambiguous(path) {
            self.app.id_of_url(self.js, path).ok().flatten()
        } else {
            None
        };
        known.unwrap_or_else(|| path.to_owned())
    }

    /// The id of a module in the runner's spelling, also if it is not loaded.
    pub fn id_of(&self, path: &str) -> String {
        let place = self.unambiguous(path);
        let known = self
            .loaded
            .find(&self.roots, &place)
            .or_else(|| self.owners.find(&self.roots, &place));
        known.unwrap_or_else(|| {
            let name = shown(path);
            self.roots
                .entry(&name, |path| Path::new(path).exists())
                .unwrap_or(name)
        })
    }

    /// Whether the latest version of a module failed.
    pub fn has_failed(&self, path: &str) -> bool {
        let failed = self.app.state.failed.borrow();
        failed.iter().any(|id| self.roots.is_named(id, path))
    }

    /// The callbacks of an owner that name the accepted module.
    pub fn callbacks(&self, owner: Option<&str>, accepted_path: &str) -> JsResult<'s, Vec<Held>> {
        let mut chosen = Vec::new();
        let Some(owner) = owner else { return Ok(chosen) };
        let accepted_path = self.unambiguous(accepted_path);
        for callback in self.app.cache(self.js)?.callbacks(self.js.string(owner))? {
            let mut deps = callback.get("deps")?.items()?.into_iter().filter_map(Value::text);
            if deps.any(|dep| self.roots.same(&dep, &accepted_path)) {
                chosen.push(callback.hold());
            }
        }
        Ok(chosen)
    }

    /// The loaded importers of a module, except those of installed packages.
    pub fn importers(&self, id: &str) -> Vec<String> {
        if let Some(known) = self.importers.borrow().get(id) {
            return known.clone();
        }
        let mut importers = self.app.importers(self.js, id);
        importers.retain(|id| !is_in_node_modules(id));
        let find = |id: &String| self.loaded.find(&self.roots, id);
        let found: Vec<_> = importers.iter().filter_map(find).collect();
        self.importers.borrow_mut().insert(id.to_owned(), found.clone());
        found
    }

    /// The loaded modules that an edit concerns.
    pub fn changed(&self, edit: &EditKey) -> Rc<[String]> {
        let known = self.changed.borrow();
        if let Some((_, changed)) = known.iter().find(|(key, _)| key == edit) {
            return Rc::clone(changed);
        }
        drop(known);
        let modules = self.changes.as_ref().map(|changes| changes.modules(edit));
        let modules = modules.unwrap_or_default();
        let changed = self
            .app
            .edited(self.js, &self.loaded, &self.roots, &edit.file, &modules);
        let changed: Rc<[String]> = changed.into();
        self.changed
            .borrow_mut()
            .push((edit.clone(), Rc::clone(&changed)));
        changed
    }

    /// The edits of that moment that lead to the accepted module. Vite 6 gives the edits of one millisecond the same
    /// timestamp, and each has a message of its own.
    pub fn causes(&self, timestamp: Option<f64>, accepted_path: &str) -> Causes {
        let seen = self.changes.as_ref().zip(timestamp);
        let edits = seen.map(|(changes, at)| changes.edits(at)).unwrap_or_default();
        if edits.len() < 2 {
            return Causes {
                edits,
                are_certain: true,
            };
        }
        let accepted = self.id_of(accepted_path);
        let leads = |edit: &&EditKey| self.leads(edit, &accepted);
        let certain: Vec<_> = edits.iter().filter(leads).cloned().collect();
        let are_certain = !certain.is_empty();
        Causes {
            edits: if are_certain { certain } else { edits },
            are_certain,
        }
    }

    /// Whether an edit leads to a module: it concerns that module, or one that the module imports. Where a runner does not
    /// tell importers, any edit may lead there but that of a module that accepts itself.
    fn leads(&self, edit: &EditKey, accepted: &str) -> bool {
        let changed = self.changed(edit);
        let is_unknown =
            |id: &String| !self.app.tells_importers(self.js, id) && !self.accepts_itself(id).unwrap_or(false);
        self.roots.is_of_file(accepted, &edit.file)
            || self.reaches(&changed, accepted)
            || changed.iter().any(is_unknown)
    }

    fn reaches(&self, changed: &[String], accepted: &str) -> bool {
        let mut climbing = changed.to_vec();
        let mut seen: HashSet<_> = changed.iter().cloned().collect();
        while let Some(id) = climbing.pop() {
            if id == accepted {
                return true;
            }
            for importer in self.importers(&id) {
                if seen.insert(importer.clone()) {
                    climbing.push(importer);
                }
            }
        }
        false
    }

    fn accepts_itself(&self, id: &str) -> JsResult<'s, bool> {
        Ok(!self.callbacks(Some(id), id)?.is_empty())
    }
}
