//! Disposers: each is called once before its module goes. A reload that one asks for comes afterwards.

use crate::js::{Held, Value};

use super::app::App;
use super::listeners::finish_in_time;

/// The commonest reason why a disposer does not settle.
const ADVICE: &str =
    ". A server that is closed waits for its connections: `server.closeAllConnections()` ends them.";

/// Runs the disposers of these owners one after another, each with its owner's data. Waits for a disposer that is under way
/// already, but for none without end.
pub async fn dispose(app: &App, owners: &[String]) {
    let disposing = &app.state.disposing;
    for owner in owners {
        if let Some(returned) = disposing.returned_by(owner) {
            let _ = app.settled_in_time(returned, |_, _| ()).await;
            continue;
        }
        disposing.set(owner, Some(Held::undefined()));
        let called = call(app, owner);
        if let Ok(returned) = &called {
            disposing.set(owner, Some(returned.clone()));
        }
        finish_in_time(app, called, &format!("the disposer of {owner}"), ADVICE).await;
        disposing.set(owner, None);
    }
}

fn call(app: &App, owner: &str) -> Result<Held, Held> {
    let called = &app.state.disposing.called;
    app.cx.attempt(|js| {
        let (cache, key) = (app.cache(js)?, js.string(owner));
        let disposer = cache.disposers()?.get(key)?;
        if !disposer.is_function() {
            return Ok(Held::undefined());
        }
        let data = cache.data()?.get(key)?;
        called.set(called.get() + 1);
        let returned = disposer.call(js.undefined(), &[data]);
        called.set(called.get() - 1);
        returned?.with_handler().map(Value::hold)
    })
}
