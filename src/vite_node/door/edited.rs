//! Finds the loaded modules that an edit concerns.

use std::collections::HashSet;

use crate::js::{Js, JsResult, Value};

use crate::paths::is_in_node_modules;
use crate::vite_node::app::App;
use crate::vite_node::door::ids::Roots;
use crate::vite_node::homes::emitter_home;
use crate::vite_node::hot_cache::{Table, array_from};
use crate::vite_node::runner::module_cache::Ids;

impl App {
    /// The loaded modules that an edit concerns: those of the file, and those of `modules`, which the server says the edit is
    /// about. A file that a module only watches, or reads when it is transformed, is in the server's graph but never loaded:
    /// then the loaded modules that need it are concerned.
    pub fn edited<'s>(
        &self,
        js: Js<'s>,
        loaded: &Ids<'s>,
        roots: &Roots,
        file: &str,
        modules: &[String],
    ) -> Vec<String> {
        let mut edited = loaded.of_file(roots, file, modules);
        let absent = modules.iter().filter(|id| !loaded.contains(id));
        for id in absent {
            // A graph that is not Vite's may throw anything.
            edited.extend(self.users_of_absent(js, loaded, roots, id).unwrap_or_default());
        }
        edited.retain(|id| !is_in_node_modules(id));
        edited
    }

    /// The nearest loaded modules above a module that is not loaded.
    fn users_of_absent<'s>(
        &self,
        js: Js<'s>,
        loaded: &Ids<'s>,
        roots: &Roots,
        id: &str,
    ) -> JsResult<'s, Vec<String>> {
        let (Some(changes), Some(graph)) = (self.changes(js), self.ssr_graph(js)?) else {
            return Ok(Vec::new());
        };
        let (mut found, mut seen) = (Vec::new(), HashSet::new());
        let mut climbing = vec![id.to_owned()];
        while let Some(id) = climbing.pop() {
            // A module that a runner has asked for has edits of its own, so the search ends there.
            if changes.is_requested(&id) || !seen.insert(id.clone()) {
                continue;
            }
            let node = graph.call_method("getModuleById", &[js.string(&id)])?;
            let importers = if node.is_object() {
                node.get("importers")?
            } else {
                node
            };
            if !importers.is_object() {
                continue;
            }
            for importer in array_from(importers)?.items()? {
                let Some(importer) = importer.get("id")?.text() else {
                    continue;
                };
                match loaded.find(roots, &importer) {
                    Some(id) => found.push(id),
                    None => climbing.push(importer),
                }
            }
        }
        Ok(found)
    }

    /// The id that the server knows by a URL.
    pub fn id_of_url<'s>(&self, js: Js<'s>, url: &str) -> JsResult<'s, Option<String>> {
        let Some(graph) = self.ssr_graph(js)? else {
            return Ok(None);
        };
        let urls = graph.get("urlToModuleMap")?;
        if !urls.is_object() {
            return Ok(None);
        }
        let module = Table(urls).get(js.string(url))?;
        Ok(if module.is_object() {
            module.get("id")?.text()
        } else {
            None
        })
    }

    /// The module graph of the server's SSR environment.
    fn ssr_graph<'s>(&self, js: Js<'s>) -> JsResult<'s, Option<Value<'s>>> {
        let home = emitter_home(self.emitter(js))?;
        let path = ["server", "environments", "ssr", "moduleGraph"];
        let graph = path.into_iter().try_fold(home, |object, name| {
            if object.is_object() {
                object.get(name)
            } else {
                Ok(object)
            }
        })?;
        Ok(graph.is_object().then_some(graph))
    }
}
