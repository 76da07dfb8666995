//! Everything that we write into Vite's own module graphs.
//!
//! | file | why |
//! |---|---|
//! | `mod.rs`, `let_pass` | a module that failed to transform stops Vite's search for importers |
//! | `mod.rs`, `add_to_graph`, `invalidate_node` | after a restart, vite-node's server takes what is in no graph for unchanged |
//! | `web_mode.rs` | the SSR graph does not know what a module in web mode imports |

pub mod web_mode;

use crate::js::{Js, JsResult, Value};

use crate::vite_node::app::App;
use crate::vite_node::door::ids::Roots;
use crate::vite_node::homes::emitter_home;
use crate::vite_node::plugin::changes::Changes;
use web_mode::is_web_mode;

/// Lets edits of a module that failed to transform be reported. Vite takes such a module for one that nobody has asked for,
/// and reports none of its edits. If a runner has asked for it, we set that the module accepts nothing, which makes Vite
/// report them.
pub fn let_pass<'s>(module: Value<'s>, changes: &Changes) -> JsResult<'s, ()> {
    if module.get("isSelfAccepting")?.is_undefined()
        && let Some(id) = module.get("id")?.text()
        && changes.is_requested(&id)
    {
        module.set("isSelfAccepting", module.js().boolean(false))?;
    }
    Ok(())
}

impl App {
    /// The graph that vite-node's server reads for a module.
    fn graph_of<'s>(&self, js: Js<'s>, id: &str) -> JsResult<'s> {
        let environment = if is_web_mode(id) { "client" } else { "ssr" };
        let home = emitter_home(self.emitter(js))?;
        ["server", "environments", environment, "moduleGraph"]
            .into_iter()
            .try_fold(home, Value::get)
    }

    /// Adds a node for a module to the graph that vite-node's server reads. The promise brings the node.
    pub fn add_to_graph<'s>(&self, js: Js<'s>, id: &str) -> JsResult<'s> {
        let graph = self.graph_of(js, id)?;
        let roots = Roots::new(self.server_option(js, "root").as_deref(), None);
        let url = roots.url(id);
        graph.call_method("ensureEntryFromUrl", &[js.string(&url), js.boolean(false)])
    }

    /// Marks a node as changed now. Vite's own time may be ahead of the clock that vite-node's server compares with.
    pub fn invalidate_node<'s>(&self, js: Js<'s>, id: &str, node: Value<'s>) -> JsResult<'s, ()> {
        let graph = self.graph_of(js, id)?;
        let global = js.global()?;
        let (seen, now) = (
            global.get("Set")?.construct(&[])?,
            global.get("Date")?.call_method("now", &[])?,
        );
        graph
            .call_method("invalidateModule", &[node, seen, now])
            .map(drop)
    }
}
