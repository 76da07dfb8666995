//! Modules that vite-node runs in its "web" mode: those whose names do not end like a script's.
//!
//! Such modules go through the transforms of the client environment. The SSR graph knows at most that such a module is
//! imported, not what it imports, so Vite's search for importers ends there. Before that search we copy what the client graph
//! knows into the SSR graph. What such a module accepts is not copied: its `import.meta.hot` is a stub of vite-node's that
//! takes no update, so its importers have to take it.

use std::collections::{HashSet, VecDeque};

use crate::js::{JsResult, Value};

use crate::vite_node::hot_cache::{Table, array_from};

/// The endings of scripts' names.
const SCRIPTS: [&str; 9] = ["js", "mjs", "cjs", "jsx", "ts", "mts", "cts", "tsx", "json"];

/// The endings of style sheets that Vite knows.
const STYLES: [&str; 9] = [
    "css", "less", "sass", "scss", "styl", "stylus", "pcss", "postcss", "sss",
];

/// The two graphs of a server.
struct Graphs<'s> {
    web: Value<'s>,
    ssr: Value<'s>,
    /// The nodes of the SSR graph that we have completed.
    adopted: Table<'s>,
}

/// Completes the SSR graph above the modules of an edit. Modules that the SSR graph does not have are replaced in the edit by
/// the nodes that stand for them. `home` is the emitter's home, `change` the argument of the SSR environment's hook.
pub fn adopt<'s>(home: Value<'s>, environment: Value<'s>, change: Value<'s>) -> JsResult<'s, ()> {
    let Some(graphs) = Graphs::of(home, environment)? else {
        return Ok(());
    };
    let modules = change.get("modules")?;
    if !modules.is_array() {
        return Ok(());
    }
    for module in graphs.standing_for(change.get("file")?)? {
        modules.call_method("push", &[module])?;
    }
    let mut climbing: VecDeque<_> = modules.items()?.into();
    climbing.retain(|module| module.is_object());
    let mut seen = HashSet::new();
    while let Some(module) = climbing.pop_front() {
        if let Some(id) = module.get("id")?.text() {
            if !seen.insert(id.clone()) {
                continue;
            }
            graphs.complete(module, &id)?;
        }
        // Vite's search ends at a self-accepting module.
        if !module.get("isSelfAccepting")?.truthy() {
            climbing.extend(nodes(module, "importers")?);
        }
    }
    Ok(())
}

impl<'s> Graphs<'s> {
    /// The graphs; `None` if nothing came through the client environment.
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

    /// Completes a node of the SSR graph from its twin in the client graph.
    fn complete(&self, module: Value<'s>, id: &str) -> JsResult<'s, ()> {
        let twin = node(self.web, id)?;
        if !twin.is_object() {
            return Ok(());
        }
        let is_told = self.adopted.has(module)?;
        let is_unknown = is_told || module.get("isSelfAccepting")?.is_undefined();
        if is_web_mode(id) && is_unknown && !twin.get("isSelfAccepting")?.is_undefined() {
            self.adopted.0.call_method("add", &[module])?;
            let is_boundary = is_style(id) && twin.get("isSelfAccepting")?.truthy();
            module.set("isSelfAccepting", module.js().boolean(is_boundary))?;
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

    /// The nodes of the SSR graph that stand for a module's importers in web mode. If only modules in web mode import an
    /// importer, the SSR graph does not have it, and its own importers stand for it.
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

    /// The nodes of the SSR graph above the modules of a file in web mode that are not there themselves.
    fn standing_for(&self, file: Value<'s>) -> JsResult<'s, Vec<Value<'s>>> {
        let twins = self.web.call_method("getModulesByFile", &[file])?;
        let mut found: Vec<Value<'s>> = Vec::new();
        if !twins.is_object() {
            return Ok(found);
        }
        for twin in array_from(twins)?.items()? {
            let id = twin.get("id")?.text();
            if !id.is_some_and(|id| is_web_mode(&id)) || self.ssr_node(twin)?.is_object() {
                continue;
            }
            for importer in self.importers(twin)? {
                if !found.iter().any(|other| other.same(importer)) {
                    found.push(importer);
                }
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
    !SCRIPTS.contains(&ending(id))
}

/// Whether the module is a style sheet. Style sheets take their own updates without a context, and those do nothing here.
fn is_style(id: &str) -> bool {
    STYLES.contains(&ending(id))
}

fn ending(id: &str) -> &str {
    let name = id.split('?').next().unwrap_or(id);
    name.rsplit_once('.').map_or("", |(_, ending)| ending)
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
