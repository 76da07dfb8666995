//! The plugin's hooks: they note which module a runner asks for, and which file changes.

use crate::js::{JsResult, Value};

use super::intercept::Intercepted;
use crate::vite_node::door::ids::Roots;
use crate::vite_node::graph_fixes::{self, web_mode};
use crate::vite_node::homes::emitter_home;
use crate::vite_node::hot_cache::array_from;
use crate::vite_node::plugin::changes::Changes;

/// Whether a hook is called for the SSR environment.
fn is_for_ssr<'s>(call: &Intercepted<'s>) -> JsResult<'s, bool> {
    if !call.this.is_object() {
        return Ok(false);
    }
    let environment = call.this.get("environment")?;
    Ok(environment.is_object() && environment.get("name")?.text().as_deref() == Some("ssr"))
}

/// `load(id)`: remembers that a runner asked for the module.
pub fn record_request<'s>(call: &Intercepted<'s>) -> JsResult<'s, ()> {
    if is_for_ssr(call)?
        && let Some(id) = call.arg(0).text()
        && let Some(changes) = emitter_home(call.emitter)?.native::<Changes>()
    {
        changes.record_request(id);
    }
    Ok(())
}

/// `hotUpdate(options)` and `handleHotUpdate(context)`: remembers which file changes.
pub fn record_change<'s>(call: &Intercepted<'s>) -> JsResult<'s, ()> {
    let change = call.arg(0);
    if !change.is_object() {
        return Ok(());
    }
    let (file, timestamp) = (change.get("file")?.text(), change.get("timestamp")?.as_number());
    let home = emitter_home(call.emitter)?;
    let changes = home.native::<Changes>();
    if let (Some(file), Some(timestamp), Some(changes)) = (file, timestamp, changes) {
        let is_ssr = is_for_ssr(call)?;
        if is_ssr {
            for module in modules_of(change)? {
                graph_fixes::let_pass(module, &changes)?;
            }
            // A graph that is not Vite's may throw anything.
            let _ = web_mode::adopt(home, call.this.get("environment")?, change);
        }
        let modules = modules_of(change)?;
        // An SSR environment without a channel of its own reports nothing.
        let is_known_to_ssr = is_ssr && home.get("channel")?.is_object() && has_analysed(&modules)?;
        changes.record(
            timestamp,
            &file,
            ids_of(&modules)?,
            is_known_to_ssr,
            change.faint(),
        );
    }
    Ok(())
}

/// Reads the modules of an edit again when its message is on its way: by now all plugins have changed them as they wish.
pub fn reread<'s>(call: &Intercepted<'s>, payload: Value<'s>, is_from_ssr: bool) -> JsResult<'s, ()> {
    let Some(changes) = emitter_home(call.emitter)?.native::<Changes>() else {
        return Ok(());
    };
    // Each moment with the file or module that the payload names.
    let mut reported = Vec::new();
    if let Some(file) = payload.get("triggeredBy")?.text() {
        let edit = changes.latest(|changed| Roots::default().is_of_file(changed, &file));
        reported.extend(edit.map(|edit| (edit.timestamp, file)));
    }
    let updates = payload.get("updates")?;
    for update in if updates.is_array() {
        updates.items()?
    } else {
        Vec::new()
    } {
        if update.is_object()
            && let Some(timestamp) = update.get("timestamp")?.as_number()
        {
            let accepted = update.get("acceptedPath")?.text();
            reported.push((timestamp, accepted.unwrap_or_default()));
        }
    }
    let mut moments: Vec<_> = reported.iter().map(|(moment, _)| *moment).collect();
    moments.dedup();
    for moment in moments {
        for (file, options) in changes.options(payload.js(), moment) {
            changes.record(moment, &file, ids_of(&modules_of(options)?)?, false, None);
        }
    }
    if is_from_ssr {
        let roots = roots_of_server(call.emitter)?;
        for (moment, name) in reported {
            changes.reported_by_ssr(moment, |file| roots.is_named(file, &name));
        }
    }
    Ok(())
}

/// The folder and the public path of the server, by which its payloads name modules.
fn roots_of_server(emitter: Value<'_>) -> JsResult<'_, Roots> {
    let server = emitter_home(emitter)?.get("server")?;
    let config = if server.is_object() {
        server.get("config")?
    } else {
        server
    };
    if !config.is_object() {
        return Ok(Roots::default());
    }
    let option = |name| Ok(config.get(name)?.text());
    Ok(Roots::new(option("root")?.as_deref(), option("base")?.as_deref()))
}

/// The objects among the modules in a hook's argument.
fn modules_of(options: Value<'_>) -> JsResult<'_, Vec<Value<'_>>> {
    let modules = options.get("modules")?;
    let mut modules = if modules.is_array() {
        modules.items()?
    } else {
        Vec::new()
    };
    modules.retain(|module| module.is_object());
    Ok(modules)
}

/// The ids of modules. A file that modules only watch has no id, and its importers stand for it.
fn ids_of<'s>(modules: &[Value<'s>]) -> JsResult<'s, Vec<String>> {
    let mut ids = Vec::new();
    for module in modules {
        if let Some(id) = module.get("id")?.text() {
            ids.push(id);
            continue;
        }
        let importers = module.get("importers")?;
        if importers.is_object() {
            for importer in array_from(importers)?.items()? {
                ids.extend(importer.get("id")?.text());
            }
        }
    }
    Ok(ids)
}

/// Whether the environment has analysed one of the modules. It reports no edits of a module that never came through its
/// transforms.
fn has_analysed<'s>(modules: &[Value<'s>]) -> JsResult<'s, bool> {
    for module in modules {
        if module.get("id")?.text().is_none() || !module.get("isSelfAccepting")?.is_undefined() {
            return Ok(true);
        }
    }
    Ok(false)
}
