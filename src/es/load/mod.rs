//! Load: files in, compiled modules and where their imports lead out. Pure: no JavaScript.
//!
//! | file | what it does |
//! |---|---|
//! | `mod.rs` | the loader: entries and changed files in, everything that they reach out |
//! | `crawl.rs` | everything that is reached, on all cores |
//! | `read.rs` | one file: read, compiled, resolved |
//! | `known.rs` | what was loaded, and what of it a change may concern |
//! | `module.rs` | what is loaded |
//! | `json_grammar.rs` | whether a text is JSON, and where not |
//! | `cache/` | compiled code on the disk, for the next start |

pub mod cache;
mod crawl;
mod json_grammar;
mod known;
mod module;
mod read;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::thread;

use parking_lot::{Mutex, RwLock};
use rustc_hash::{FxHashMap, FxHashSet};

pub use module::{Body, LoadError, Loaded, Place};

use crate::es::compile::NodeVersion;
use crate::es::resolve::Resolver;
use cache::Cache;
use crawl::{Crawl, Job};
use known::Known;
use read::FileLoader;

/// Most threads of a crawl: more of them do not make it faster.
const MOST_THREADS: usize = 8;

/// The settings of a loader.
pub struct Settings {
    /// Whether the program runs hot.
    pub hot: bool,
    /// Version of the running Node.
    pub node: NodeVersion,
    /// The cache of compiled code on the disk, if it is used.
    pub cache: Option<Cache>,
}

/// Loads files and everything that they import statically. Threads share one loader.
pub struct Loader {
    files: FileLoader,
    known: RwLock<Known>,
    /// Held during a crawl, so that a second crawl waits and finds what the first one has loaded.
    crawling: Mutex<()>,
}

impl Loader {
    pub fn new(resolver: Arc<Resolver>, settings: Settings) -> Arc<Self> {
        Arc::new(Self {
            files: FileLoader {
                resolver,
                hot: settings.hot,
                node: settings.node,
                cache: settings.cache.map(Arc::new),
            },
            known: RwLock::default(),
            crawling: Mutex::new(()),
        })
    }

    /// The newest version of a module; `None` if it was never loaded.
    pub fn get(&self, url: &str) -> Option<Arc<Loaded>> {
        self.known.read().get(url).cloned()
    }

    /// Loads the entries and what they import, and looks again at the modules that the changes may concern.
    ///
    /// The result has the modules that were read or turned out differently, imports before importers. A file with the same
    /// content and the same targets of its imports is there as the same `Arc` as before.
    pub fn load(&self, entries: &[Place], changed: &[PathBuf]) -> Vec<Arc<Loaded>> {
        let one_crawl = self.crawling.lock();
        let resolver = &self.files.resolver;
        let known = self.known.read();
        let mut jobs = known.concerned(changed, resolver);
        if !changed.is_empty() {
            resolver.forget(changed);
        }
        for place in entries {
            let url = place.url();
            if !known.has(&url) {
                jobs.push(Job {
                    url,
                    place: place.clone(),
                    reads: true,
                });
            }
        }
        if jobs.is_empty() {
            return Vec::new();
        }
        // Jobs that read come first, so that a module with two jobs is read.
        jobs.sort_by(|one, other| (!one.reads, &one.url).cmp(&(!other.reads, &other.url)));
        let mut roots: Vec<Arc<str>> = entries.iter().map(Place::url).collect();
        roots.extend(jobs.iter().map(|job| Arc::clone(&job.url)));
        let loaded = Crawl::new(&self.files, &known, threads(), jobs).run();
        let asked: FxHashSet<&PathBuf> = changed.iter().collect();
        let mut ordered = in_order(&roots, &loaded);
        // A module that was looked at and is the same is left out.
        ordered.retain(|loaded| {
            let before = known.get(&loaded.url);
            before.is_none_or(|before| !Arc::ptr_eq(before, loaded)) || asked.contains(&loaded.place.path)
        });
        drop(known);
        let mut known = self.known.write();
        for loaded in &ordered {
            known.put(loaded);
        }
        drop(known);
        drop(one_crawl);
        if let Some(cache) = &self.files.cache {
            Cache::save_soon(cache);
        }
        ordered
    }

    /// Drops all modules that nobody needs.
    pub fn retain(&self, is_needed: impl Fn(&str) -> bool) {
        self.known.write().retain(is_needed);
    }
}

/// How many threads a crawl may have. Asked once: for the answer the standard library reads files of the system.
fn threads() -> usize {
    static THREADS: OnceLock<usize> = OnceLock::new();
    *THREADS.get_or_init(|| thread::available_parallelism().map_or(1, |count| count.get().min(MOST_THREADS)))
}

/// The loaded modules depth first, in source order, imports before importers.
fn in_order(roots: &[Arc<str>], loaded: &FxHashMap<Arc<str>, Arc<Loaded>>) -> Vec<Arc<Loaded>> {
    let mut seen: FxHashSet<Arc<str>> = FxHashSet::default();
    let mut ordered = Vec::with_capacity(loaded.len());
    let mut stack: Vec<(Arc<Loaded>, Vec<Arc<str>>)> = Vec::new();
    let enter = |url: &Arc<str>, seen: &mut FxHashSet<Arc<str>>| {
        let module = loaded.get(url).filter(|_| seen.insert(Arc::clone(url)))?;
        let mut imports: Vec<Arc<str>> = module.local_imports().map(|place| place.url()).collect();
        imports.reverse();
        Some((Arc::clone(module), imports))
    };
    for root in roots {
        stack.extend(enter(root, &mut seen));
        while let Some((_, imports)) = stack.last_mut() {
            match imports.pop() {
                Some(url) => stack.extend(enter(&url, &mut seen)),
                None => ordered.extend(stack.pop().map(|(module, _)| module)),
            }
        }
    }
    ordered
}
