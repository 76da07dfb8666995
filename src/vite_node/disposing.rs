//! Disposers: each is called once before its module goes, and what they ask for comes afterwards.

use std::cell::{Cell, RefCell};

use crate::js::{Held, Value};

use super::app::App;
use super::listeners::finish_in_time;

/// The commonest reason why a disposer does not settle.
const ADVICE: &str =
    ". A server that is closed waits for its connections: `server.closeAllConnections()` ends them.";

/// The disposers of a runner that are under way.
#[derive(Default)]
pub struct Disposing {
    /// The owners, each with what its disposer has returned.
    under_way: RefCell<Vec<(String, Held)>>,
    /// How many are being called now, in the sense of the stack.
    called: Cell<usize>,
    /// Whether one has asked for a reload.
    wants_reload: Cell<bool>,
}

impl Disposing {
    /// Whether a request comes from a disposer: of `owner`, or of whoever is on the stack.
    pub fn is_asking(&self, owner: Option<&str>) -> bool {
        let under_way = self.under_way.borrow();
        self.called.get() > 0 || owner.is_some_and(|owner| under_way.iter().any(|(id, _)| id == owner))
    }

    /// A disposer asks for a reload. It cannot have it, as that waits for the disposer.
    pub fn want_reload(&self) {
        self.wants_reload.set(true);
    }

    /// Whether one was asked for since this was called last.
    pub fn take_wish(&self) -> bool {
        self.wants_reload.take()
    }

    fn returned_by(&self, owner: &str) -> Option<Held> {
        let under_way = self.under_way.borrow();
        let found = under_way.iter().find(|(id, _)| id == owner);
        found.map(|(_, returned)| returned.clone())
    }

    fn set(&self, owner: &str, returned: Option<Held>) {
        let mut under_way = self.under_way.borrow_mut();
        under_way.retain(|(id, _)| id != owner);
        under_way.extend(returned.map(|returned| (owner.to_owned(), returned)));
    }
}

/// Runs the disposers of these owners, one after another, each with its owner's data. One that is under way already is
/// waited for. None is waited for without end.
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
        returned.map(Value::hold)
    })
}
