//! Modules that vite-node runs in its "web" mode: whatever does not end like a script.
//!
//! They go through the transforms of the client environment. Of such a module the SSR graph knows nothing but that it
//! is imported, neither what it accepts nor what it imports, so that Vite's search for importers ends there and misses
//! it. Before that search we tell the SSR graph what the client graph knows.

use std::collections::{HashSet, VecDeque};

use crate::js::{JsResult, Value};

use super::hot_cache::{Table, array_from};

/// The endings of scripts, each also with `x`, `c` or `m` where there is such a thing.
const SCRIPTS: [&str; 9] = ["js", "mjs", "cjs", "jsx", "ts", "mts", "cts", "tsx", "json"];

/// The two graphs of a server.
struct Graphs<'s> {
    web: Value<'s>,
    ssr: Value<'s>,
    /// The nodes of the SSR graph that were told.
    adopted: Table<'s>,
}

/// Completes the SSR graph above these modules of it. `home` is that of the emitter.
pub fn adopt<'s>(home: Value<'s>, environment: Value<'s>, modules: &[Value<'s>]) -> JsResult<'s, ()> {
    let Some(graphs) = Graphs::of(home, environment)? else {
        return Ok(());
    };
    let mut climbing: VecDeque<_> = modules.iter().copied().collect();
    let mut seen = HashSet::new();
    while let Some(module) = climbing.pop_front() {
        if let Some(id) = module.get("id")?.text() {
            if !seen.insert(id.clone()) {
                continue;
            }
            graphs.complete(module, &id)?;
        }
        // There the search ends, too.
        if !module.get("isSelfAccepting")?.truthy() {
            climbing.extend(nodes(module, "importers")?);
        }
    }
    Ok(())
}

impl<'s> Graphs<'s> {
    /// `None` where nothing came through the client environment.
    fn of(home: Value<'s>, environment: Value<'s>) -> JsResult<'s, Option<Self>> {
        let path = ["server", "environments", "client", "moduleGraph"];
        let web = path.into_iter().try_fold(home, |object, name| {
            if object.is_object() {
                object.get(name)
            } else {
                Ok(object)
            }
        })?;
        let ssr = environment.get("moduleGraph")?;
        if !web.is_object() || !ssr.is_object() {
            return Ok(None);
        }
        let modules = web.get("idToModuleMap")?;
        let is_empty = !modules.is_object() || modules.get("size")?.as_number() == Some(0.0);
        Ok((!is_empty).then_some(Self {
            web,
            ssr,
            adopted: Table(home.get("adopted")?),
        }))
    }

    /// Tells a node of the SSR graph what its twin knows.
    fn complete(&self, module: Value<'s>, id: &str) -> JsResult<'s, ()> {
        let twin = node(self.web, id)?;
        if !twin.is_object() {
            return Ok(());
        }
        let is_told = self.adopted.has(module)?;
        let is_unknown = is_told || module.get("isSelfAccepting")?.is_undefined();
        if is_web_mode(id) && is_unknown && !twin.get("isSelfAccepting")?.is_undefined() {
            self.adopted.0.call_method("add", &[module])?;
            for name in ["isSelfAccepting", "acceptedHmrExports", "importedBindings"] {
                module.set(name, twin.get(name)?)?;
            }
            let accepted = Table(module.get("acceptedHmrDeps")?);
            if accepted.0.is_object() {
                accepted.0.call_method("clear", &[])?;
                for dep in nodes(twin, "acceptedHmrDeps")? {
                    let dep = self.ssr_node(dep)?;
                    if dep.is_object() {
                        accepted.0.call_method("add", &[dep])?;
                    }
                }
            }
        }
        let importers = Table(module.get("importers")?);
        if importers.0.is_object() {
            for importer in nodes(module, "importers")? {
                if self.adopted.has(importer)? {
                    importers.delete(importer)?;
                }
            }
            for importer in self.importers(twin)? {
                importers.0.call_method("add", &[importer])?;
            }
        }
        Ok(())
    }

    /// The nodes of the SSR graph that stand for the importers in web mode. One that only modules in web mode import is
    /// not there, and its importers stand for it.
    fn importers(&self, twin: Value<'s>) -> JsResult<'s, Vec<Value<'s>>> {
        let (mut found, mut seen) = (Vec::new(), HashSet::new());
        let mut climbing = nodes(twin, "importers")?;
        while let Some(importer) = climbing.pop() {
            let Some(id) = importer.get("id")?.text() else {
                continue;
            };
            if !is_web_mode(&id) || !seen.insert(id) {
                continue;
            }
            let known = self.ssr_node(importer)?;
            if known.is_object() {
                found.push(known);
            } else {
                climbing.extend(nodes(importer, "importers")?);
            }
        }
        Ok(found)
    }

    fn ssr_node(&self, twin: Value<'s>) -> JsResult<'s> {
        match twin.get("id")?.text() {
            Some(id) => node(self.ssr, &id),
            None => Ok(twin.js().undefined()),
        }
    }
}

fn node<'s>(graph: Value<'s>, id: &str) -> JsResult<'s> {
    graph.call_method("getModuleById", &[graph.js().string(id)])
}

/// The objects in a set of a node.
fn nodes<'s>(module: Value<'s>, name: &str) -> JsResult<'s, Vec<Value<'s>>> {
    let set = module.get(name)?;
    if !set.is_object() {
        return Ok(Vec::new());
    }
    let mut nodes = array_from(set)?.items()?;
    nodes.retain(|node| node.is_object());
    Ok(nodes)
}

/// Whether vite-node runs the module in web mode unless it is told otherwise.
pub fn is_web_mode(id: &str) -> bool {
    let name = id.split('?').next().unwrap_or(id);
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    !SCRIPTS.contains(&ending)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_end_like_a_script_is_run_in_web_mode() {
        let table = [
            ("/app/a.vue", true),
            ("/app/a.vue?vue&lang.ts", true),
            ("/app/a.txt?raw", true),
            ("\0virtual:x", true),
            ("/app/a.ts", false),
            ("/app/a.mjs?x=.vue", false),
            ("/app/a.json", false),
        ];
        for (id, expected) in table {
            assert_eq!(is_web_mode(id), expected, "{id}");
        }
    }
}
