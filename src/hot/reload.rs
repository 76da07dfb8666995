//! Running everything again.

use std::collections::HashSet;
use std::path::Path;
use std::rc::Rc;

use crate::js::{Call, Held, Js, JsResult, Value, settled, spawn};

use super::app::{App, Hot};
use super::ids::is_installed;
use super::listeners::{self, outcome};
use super::versions::Versions;

/// `reload(runner, files)`.
pub fn reload_entry<'s>(hot: &Rc<Hot>, call: &Call<'s>) -> JsResult<'s> {
    let app = App::new(hot, call.arg(0), call.js.undefined(), call.arg(1));
    match app {
        Ok(app) => start(call.js, app),
        Err(thrown) => {
            let thrown = thrown.hold();
            spawn(call.js, async move { Err(thrown) })
        }
    }
}

/// Reloads at once, whatever else is under way; the promise brings the entries' exports.
pub fn start(js: Js<'_>, app: App) -> JsResult<'_> {
    spawn(js, async move {
        app.enter();
        let result = reload(&app).await;
        app.leave();
        result
    })
}

/// Disposes and evicts every module but those of installed packages, then executes the entries side by side. Brings
/// their exports, or what the first that failed threw.
pub async fn reload(app: &App) -> Result<Held, Held> {
    let is_own = |id: &&str| !is_installed(id);
    let disposing = app.cx.attempt(|js| {
        let owners = app.cache(js)?.disposers()?.keys()?.items()?;
        Ok(owners.into_iter().filter_map(Value::text).collect::<Vec<_>>())
    })?;
    let disposing: Vec<_> = disposing.into_iter().filter(|id| !is_installed(id)).collect();
    listeners::dispose(app, &disposing).await;

    // Only now: a disposer may load or register something.
    let (loaded, owners) = app.cx.attempt(|js| Ok((app.loaded(js)?, app.owners(js)?)))?;
    let evicted = loaded
        .iter()
        .chain(owners.iter())
        .filter(is_own)
        .map(str::to_owned);
    let versions = Versions::open(app, evicted);
    let before: HashSet<String> = loaded
        .iter()
        .filter(|id| is_installed(id))
        .map(str::to_owned)
        .collect();
    let started = app.cx.attempt(|js| {
        let entries = entries(app, js, |id| loaded.contains(id))?;
        app.evict(js, loaded.iter().filter(is_own))?;
        let execute = |entry: String| {
            let result = app.runner(js).call_method("executeId", &[js.string(&entry)]);
            (entry, outcome(result))
        };
        Ok(entries.into_iter().map(execute).collect::<Vec<_>>())
    });
    let mut results = Vec::new();
    let mut failed = HashSet::new();
    let mut first_failure = None;
    match started {
        Err(thrown) => first_failure = Some(thrown),
        Ok(started) => {
            for (entry, result) in started {
                let result = match result {
                    Ok(promise) => settled(&app.cx, promise).await,
                    thrown => thrown,
                };
                match result {
                    Ok(exports) => results.push(exports),
                    Err(thrown) => {
                        failed.insert(entry);
                        first_failure.get_or_insert(thrown);
                    }
                }
            }
        }
    }
    versions.close(app, &failed, &before).await;
    app.state.reload_failed.set(first_failure.is_some());
    match first_failure {
        Some(thrown) => Err(thrown),
        None => app.cx.attempt(|js| {
            let exports: Vec<_> = results.iter().map(|exports| exports.get(js)).collect();
            Ok(js.array(&exports).hold())
        }),
    }
}

/// The ids of the entries, in the runner's spelling.
fn entries<'s>(app: &App, js: Js<'s>, is_loaded: impl Fn(&str) -> bool) -> JsResult<'s, Vec<String>> {
    let files = app.files(js);
    let files = if files.is_object() {
        files.items()?
    } else {
        Vec::new()
    };
    let roots = app.roots(js);
    let entry = |file: Value<'_>| {
        let file = file.display();
        if is_loaded(&file) {
            return file;
        }
        roots
            .entry(&file, |path| Path::new(path).exists())
            .unwrap_or(file)
    };
    Ok(files.into_iter().map(entry).collect())
}
