//! The loaded modules of a runner: its `moduleCache`, of which only `keys` and `delete` are taken for granted.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};

use crate::js::{Held, Js, JsResult, Value, settled};

use crate::paths::is_in_node_modules;
use crate::vite_node::app::App;
use crate::vite_node::door::ids::{Roots, last_segment};
use crate::vite_node::hot_cache::{Table, array_from};

/// The ids in some maps. An id is looked up in the maps. All keys are read only when a spelling has to be searched for, and
/// then as one text, since thousands of strings cross from JavaScript slowly.
pub struct Ids<'s> {
    tables: Vec<Table<'s>>,
    /// Whether the maps spell each id as [`Roots::readings`] does, so that no spelling has to be searched for.
    is_canonical: bool,
    text: OnceCell<String>,
}

impl<'s> Ids<'s> {
    /// The keys of these maps.
    pub fn of(tables: Vec<Table<'s>>) -> Self {
        Self {
            tables,
            is_canonical: false,
            text: OnceCell::new(),
        }
    }

    /// The keys of a runner's module cache. vite-node's own brings each id into one spelling: the path, with its query.
    pub fn of_modules(modules: Table<'s>) -> Self {
        let normalizes = |name| modules.0.get(name).is_ok_and(Value::is_function);
        Self {
            // On Windows the letter of the drive may have either case.
            is_canonical: !cfg!(windows) && normalizes("getByModuleId") && normalizes("normalizePath"),
            ..Self::of(vec![modules])
        }
    }

    /// All ids as one text, each on a line, with an empty line at both ends.
    fn text(&self) -> &str {
        self.text.get_or_init(|| {
            let read = |table: &Table<'s>| {
                let separator = table.0.js().string("\n");
                Ok(table
                    .keys()?
                    .call_method("join", &[separator])?
                    .text()
                    .unwrap_or_default())
            };
            let texts = self.tables.iter().map(read).collect::<JsResult<'_, Vec<_>>>();
            format!("\n{}\n", texts.unwrap_or_default().join("\n"))
        })
    }

    /// All ids.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.text().lines().filter(|id| !id.is_empty())
    }

    /// Whether exactly this spelling is among the ids.
    pub fn contains(&self, id: &str) -> bool {
        let is_in = |table: &Table<'s>| table.has(table.0.js().string(id));
        // A map that cannot be asked is read.
        self.tables
            .iter()
            .map(is_in)
            .collect::<JsResult<'_, Vec<_>>>()
            .map_or_else(
                |_| self.text().contains(&format!("\n{id}\n")),
                |answers| answers.contains(&true),
            )
    }

    /// The id among these that names the same module as `id`.
    pub fn find(&self, roots: &Roots, id: &str) -> Option<String> {
        if self.contains(id) {
            return Some(id.to_owned());
        }
        let readings = roots.readings(id);
        if let Some(reading) = readings.iter().find(|reading| self.contains(reading)) {
            return Some(reading.clone());
        }
        if self.is_canonical {
            return None;
        }
        let mut candidates = self.with_segment(last_segment(&readings[0])).into_iter();
        candidates
            .find(|other| roots.is_named(other, id))
            .map(str::to_owned)
    }

    /// The modules of a file, which may be loaded several times with different queries. `modules` are ids that the file is
    /// known to have. Only if none of them is found, all ids are searched.
    pub fn of_file(&self, roots: &Roots, file: &str, modules: &[String]) -> Vec<String> {
        let known: Vec<_> = modules.iter().filter(|id| self.contains(id)).cloned().collect();
        if !known.is_empty() {
            return known;
        }
        if self.is_canonical && !modules.is_empty() {
            // The server knows the modules of each file that it has transformed.
            return modules.iter().filter_map(|id| self.find(roots, id)).collect();
        }
        let mut found: Vec<_> = self
            .with_segment(last_segment(file))
            .into_iter()
            .map(str::to_owned)
            .collect();
        found.retain(|id| roots.is_of_file(id, file));
        if found.is_empty() {
            // Another plugin has chosen the modules, and the runner may spell their ids differently.
            found.extend(modules.iter().filter_map(|id| self.find(roots, id)));
        }
        found.dedup();
        found
    }

    /// The ids that contain a text, and those whose spelling may hide it.
    fn with_segment(&self, segment: &str) -> Vec<&str> {
        let text = self.text();
        if segment.is_empty() {
            return self.iter().collect();
        }
        let at = [segment, "file:"]
            .into_iter()
            .flat_map(|part| text.match_indices(part));
        let lines = at.map(|(at, _)| {
            let start = at
                - text[..at]
                    .chars()
                    .rev()
                    .take_while(|&char| char != '\n')
                    .map(char::len_utf8)
                    .sum::<usize>();
            let end = text[at..].find('\n').map_or(text.len(), |newline| at + newline);
            &text[start..end]
        });
        lines.collect()
    }
}

/// Whether a module counts as loaded: it is in the runner's cache, or it has registrations, such as a hot context, which a
/// module that failed keeps without being in the cache. `is_among` looks for the module.
pub fn counts_as_loaded<'s>(loaded: &Ids<'s>, owners: &Ids<'s>, is_among: impl Fn(&Ids<'s>) -> bool) -> bool {
    is_among(owners) || is_among(loaded)
}

/// The outcome of running a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunState {
    /// The module has run.
    Ran,
    /// The module still runs.
    Running,
    /// The module threw.
    Failed,
    /// The module is not loaded.
    Absent,
    /// The module is loaded, and nothing tells whether it has run.
    Unknown,
}

impl App {
    fn module_cache<'s>(&self, js: Js<'s>) -> JsResult<'s, Table<'s>> {
        self.runner(js).get("moduleCache").map(Table)
    }

    /// The ids of the loaded modules.
    pub fn loaded<'s>(&self, js: Js<'s>) -> JsResult<'s, Ids<'s>> {
        let modules = self.module_cache(js)?;
        Ok(if modules.0.is_object() {
            Ids::of_modules(modules)
        } else {
            Ids::of(Vec::new())
        })
    }

    /// The owners of registrations.
    pub fn owners<'s>(&self, js: Js<'s>) -> JsResult<'s, Ids<'s>> {
        let cache = self.cache(js)?;
        Ok(Ids::of(vec![
            cache.contexts()?,
            cache.hot_modules()?,
            cache.disposers()?,
        ]))
    }

    /// Takes modules out of the runner's cache.
    pub fn evict<'t, 's>(&self, js: Js<'s>, ids: impl Iterator<Item = &'t str>) -> JsResult<'s, ()> {
        let modules = self.module_cache(js)?;
        for id in ids {
            modules.delete(js.string(id))?;
        }
        Ok(())
    }

    /// The loaded module; `undefined` if there is none. Some caches make a module that they are asked for, so the id is
    /// looked for first.
    pub fn module<'s>(&self, js: Js<'s>, id: &str) -> JsResult<'s> {
        let (modules, key) = (self.module_cache(js)?, js.string(id));
        let can_tell = modules.0.get("has")?.is_function() && modules.0.get("get")?.is_function();
        if can_tell && modules.has(key)? {
            modules.get(key)
        } else {
            Ok(js.undefined())
        }
    }

    /// The importers of a module, as far as the runner tells.
    pub fn importers(&self, js: Js<'_>, id: &str) -> Vec<String> {
        let mut importers = self.told_importers(js, id);
        if let Some(kept) = self.state.importers.borrow().get(id) {
            importers.extend(
                kept.iter()
                    .filter(|id| !importers.contains(id))
                    .cloned()
                    .collect::<Vec<_>>(),
            );
        }
        importers
    }

    /// Whether the runner keeps importers of a module.
    pub fn tells_importers(&self, js: Js<'_>, id: &str) -> bool {
        let module = self.module(js, id).ok().filter(|module| module.is_object());
        module.is_some_and(|module| module.get("importers").is_ok_and(Value::is_object))
    }

    /// Notes the importers of these modules, which are about to be evicted. Importers that are evicted as well are left out.
    pub fn keep_importers(&self, js: Js<'_>, evicted: &[String]) {
        let evicted: HashSet<_> = evicted.iter().collect();
        let mut kept = HashMap::new();
        for &id in &evicted {
            let mut importers = js.scope(|js| self.importers(js, id));
            importers.retain(|importer| !evicted.contains(importer));
            if !importers.is_empty() {
                kept.insert(id.clone(), importers);
            }
        }
        let mut known = self.state.importers.borrow_mut();
        known.retain(|_, importers| {
            importers.retain(|importer| !evicted.contains(importer));
            !importers.is_empty()
        });
        known.extend(kept);
    }

    fn told_importers(&self, js: Js<'_>, id: &str) -> Vec<String> {
        let importers = self.module(js, id).and_then(|module| {
            if !module.is_object() {
                return Ok(Vec::new());
            }
            let importers = module.get("importers")?;
            if importers.is_object() {
                array_from(importers)?.items()
            } else {
                Ok(Vec::new())
            }
        });
        importers
            .unwrap_or_default()
            .into_iter()
            .filter_map(Value::text)
            .collect()
    }

    /// The importers of a module whose loaded versions import it, as far as the runner tells.
    pub fn current_importers<'s>(&self, js: Js<'s>, id: &str) -> JsResult<'s, Vec<String>> {
        let mut current = Vec::new();
        for importer in self.importers(js, id) {
            let module = self.module(js, &importer)?;
            let imports = if module.is_object() {
                module.get("imports")?
            } else {
                module
            };
            if imports.is_object() && Table(imports).has(js.string(id))? {
                current.push(importer);
            }
        }
        Ok(current)
    }

    /// The imports of each loaded module, except those of installed packages.
    pub fn imports(&self, js: Js<'_>, loaded: &Ids<'_>, roots: &Roots) -> HashMap<String, Vec<String>> {
        let mut imports: HashMap<String, Vec<String>> = HashMap::new();
        for id in loaded.iter().filter(|id| !is_in_node_modules(id)) {
            let importers = js.scope(|js| self.importers(js, id));
            for importer in importers {
                let importer = loaded.find(roots, &importer).unwrap_or(importer);
                imports.entry(importer).or_default().push(id.to_owned());
            }
        }
        imports
    }

    /// The outcomes of running these modules. A runner keeps the promise of a module that runs.
    pub async fn outcomes(&self, ids: Vec<String>) -> Vec<(String, RunState)> {
        let peeks = self.cx.attempt(|js| {
            let loaded = self.loaded(js)?;
            let peek = |id: &String| {
                let module = self.module(js, id)?;
                let promise = if module.is_object() {
                    module.get("promise")?
                } else {
                    js.undefined()
                };
                if promise.is_promise() {
                    return state_of(promise).map(Peek::Promise);
                }
                Ok(Peek::Known(if loaded.contains(id) {
                    RunState::Unknown
                } else {
                    RunState::Absent
                }))
            };
            ids.iter()
                .map(|id| peek(id).map(|peek| (id.clone(), peek)))
                .collect::<JsResult<'_, Vec<_>>>()
        });
        // A promise that is settled tells within one turn of the microtask queue.
        let _ = settled(&self.cx, Held::undefined()).await;
        let outcomes = peeks
            .unwrap_or_default()
            .into_iter()
            .map(|(id, peek)| match peek {
                Peek::Known(outcome) => (id, outcome),
                Peek::Promise(state) => (id, self.cx.with(|js| outcome_in(state.get(js)))),
            });
        outcomes.collect()
    }
}

enum Peek {
    Known(RunState),
    Promise(Held),
}

/// The state of a promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// The promise was fulfilled.
    Fulfilled,
    /// The promise was rejected.
    Rejected,
    /// The promise is pending.
    Pending,
}

/// An array that, once `promise` is settled, contains whether it was rejected. [`Settled::read`] reads it.
pub fn state_of(promise: Value<'_>) -> JsResult<'_, Held> {
    let js = promise.js();
    let state = js.array(&[]);
    let note = js.function("", 0, |call| call.arg(0).call_method("push", &[call.arg(1)]))?;
    let note_as = |is_rejected| note.bind(js.undefined(), &[state, js.boolean(is_rejected)]);
    promise.call_method("then", &[note_as(false)?, note_as(true)?])?;
    Ok(state.hold())
}

impl Settled {
    /// The state that the array of [`state_of`] tells.
    pub fn read(state: Value<'_>) -> Self {
        match state.get("0") {
            Ok(is_rejected) if is_rejected.is_undefined() => Self::Pending,
            Ok(is_rejected) if is_rejected.truthy() => Self::Rejected,
            Ok(_) => Self::Fulfilled,
            Err(_) => Self::Pending,
        }
    }
}

fn outcome_in(state: Value<'_>) -> RunState {
    match Settled::read(state) {
        Settled::Rejected => RunState::Failed,
        Settled::Fulfilled => RunState::Ran,
        Settled::Pending => RunState::Running,
    }
}
