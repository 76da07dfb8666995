//! Notices requires that followed modules make later.
//!
//! When a function of a module requires something later, the `children` of its record grow, and Node reports that to
//! nobody. So each followed record gets an own property `require`, which the `require` function of its file calls instead
//! of the prototype's: it does the same, and then looks at the children. Other records stay as they are.
//!
//! To give it to thousands of records takes a third of the time in which they are followed, and the importer would wait
//! for that. So a walk gives it to the first of them, and later turns of the event loop to the others, the *backlog*. Until
//! the backlog is done, evaluations are observed (`evaluation.rs`) and no other walk begins, so that files required
//! meanwhile are found in the end.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::path::Path;
use std::rc::Rc;

use tracing::trace_span;

use super::evaluation::Evaluations;
use super::{Host, Turn, evaluation, records};
use crate::graph::modules::Node;
use crate::js::{Call, Held, Js, JsResult, PlainState, Timers, Value};
use crate::paths;
use rustc_hash::FxBuildHasher;

/// How many records of one walk get their `require` at once.
const AT_ONCE: u32 = 1_000;
/// How many records of the backlog get their `require` in each turn. This takes about a millisecond.
const PER_TURN: usize = 1_000;

/// The key of the symbol that marks a loader's record whose source was searched for imports.
const MARK: &str = "@upvotr/node-hmr followed";

/// What this file keeps per environment.
#[derive(Default)]
pub struct Listening {
    /// The `require` that followed records get.
    require: RefCell<Option<Held>>,
    /// The observation that runs while there is a backlog.
    observed: RefCell<Option<evaluation::Observed>>,
}

impl PlainState for Listening {}

impl Listening {
    fn require<'s>(&self, js: Js<'s>) -> JsResult<'s> {
        let known = self.require.borrow().as_ref().map(|require| require.get(js));
        if let Some(known) = known {
            return Ok(known);
        }
        let made = js.function("require", 1, require_noticed)?;
        *self.require.borrow_mut() = Some(made.hold());
        Ok(made)
    }
}

/// Gives records their `require`, for one walk.
pub struct Ears<'s> {
    /// The property name `require`.
    key: Value<'s>,
    /// The `require` that followed records get.
    require: Value<'s>,
    /// The symbol of [`MARK`].
    mark: Value<'s>,
    /// How many records have got their `require` at once.
    given: Cell<u32>,
}

impl<'s> Ears<'s> {
    /// Begins a walk. The backlog of an earlier walk is done first: the walk takes a record without our `require` for one
    /// that nobody has looked at.
    pub fn new(js: Js<'s>) -> JsResult<'s, Self> {
        hear_all(js);
        Self::of(js)
    }

    fn of(js: Js<'s>) -> JsResult<'s, Self> {
        Ok(Self {
            key: js.string("require"),
            require: js.state::<Listening>()?.require(js)?,
            mark: js.symbol_for(MARK)?,
            given: Cell::new(0),
        })
    }

    /// Whether the record has our `require`.
    pub fn has(&self, module: Value<'s>) -> JsResult<'s, bool> {
        Ok(module.get_key(self.key)?.same(self.require))
    }

    /// Whether the record has an own `require` that is not ours, so that a loader made the record.
    pub fn is_of_loader(&self, module: Value<'s>) -> JsResult<'s, bool> {
        Ok(module.has_own_key(self.key)? && !self.has(module)?)
    }

    /// Notes that the source of a loader's record was searched for imports.
    pub fn mark_asked(&self, module: Value<'s>) {
        // A frozen record cannot be marked, so each walk searches its source.
        let _ = module.define_hidden(self.mark, module.js().boolean(true));
    }

    /// Whether the source of a loader's record was searched for imports.
    pub fn is_asked(&self, module: Value<'s>) -> JsResult<'s, bool> {
        module.has_own_key(self.mark)
    }

    /// Gives the record of a node our `require`, now or with the backlog.
    pub fn give(&self, host: &Host<'s>, node: Node, module: Value<'s>) -> JsResult<'s, ()> {
        if self.given.get() < AT_ONCE {
            self.given.set(self.given.get() + 1);
            return self.give_now(module);
        }
        host.known.unheard.borrow_mut().push(node);
        Ok(())
    }

    fn give_now(&self, module: Value<'s>) -> JsResult<'s, ()> {
        // A loader's own `require` stays.
        if !module.has_own_key(self.key)? {
            // A frozen record gets none: the next walk finds what it requires later.
            let _ = module.define_hidden(self.key, self.require);
        }
        Ok(())
    }
}

/// Ends a walk: the next turn begins with the backlog, if there is one.
pub fn hear_soon(host: &Host<'_>) {
    if host.known.unheard.borrow().is_empty() {
        return;
    }
    let js = host.js;
    let (Ok(listening), Ok(evaluations)) = (js.state::<Listening>(), js.state::<Evaluations>()) else {
        return;
    };
    if listening.observed.borrow().is_some() {
        return;
    }
    // `begin` reads properties of `Module`, which may be accessors of the user's that start a walk.
    let observed = evaluations.begin(js);
    if let Some(other) = listening.observed.replace(Some(observed)) {
        evaluations.end(js, &other);
    }
    hear_next_turn(js);
}

fn hear_next_turn(js: Js<'_>) {
    let hear_some = |js: Js<'_>| {
        hear(js, PER_TURN);
        if js
            .state::<Listening>()
            .is_ok_and(|listening| listening.observed.borrow().is_some())
        {
            hear_next_turn(js);
        }
    };
    if js
        .state::<Timers>()
        .and_then(|timers| timers.next_turn(js, hear_some))
        .is_err()
    {
        hear_all(js);
    }
}

/// Does the whole backlog of all runtimes now.
pub fn hear_all(js: Js<'_>) {
    hear(js, usize::MAX);
}

fn hear(js: Js<'_>, most: usize) {
    let (Ok(listening), Ok(evaluations)) = (js.state::<Listening>(), js.state::<Evaluations>()) else {
        return;
    };
    // A copy, since a walk that starts meanwhile does the rest of the backlog and ends the observation.
    let Some(observed) = listening.observed.borrow().clone() else {
        return;
    };
    let _span = trace_span!("hear").entered();
    let evaluated = evaluations.begun_since(&observed);
    let hosts = Host::all(js).unwrap_or_default();
    let mut left = most;
    for host in &hosts {
        let _ = hear_for(host, &evaluated, &mut left);
    }
    if hosts.iter().any(|host| !host.known.unheard.borrow().is_empty()) {
        return;
    }
    if let Some(observed) = listening.observed.take() {
        evaluations.end(js, &observed);
        if evaluations.take_news() {
            let _ = records::await_all_unresolved(js);
        }
    }
}

fn hear_for<'s>(
    host: &Host<'s>,
    evaluated: &HashSet<Rc<str>, FxBuildHasher>,
    left: &mut usize,
) -> JsResult<'s, ()> {
    let (ears, cache) = (Ears::of(host.js)?, host.require.get("cache")?);
    while *left > 0 {
        let Some(node) = host.known.unheard.borrow_mut().pop() else {
            break;
        };
        *left -= 1;
        let name = host.known.graph.borrow().name(node);
        if evaluated.contains(&name) {
            // The file was evaluated again meanwhile, and no walk has looked at the new record.
            host.known.graph.borrow_mut().forget_seen(node);
        } else {
            // A record that throws belongs to the user.
            let _ = hear_one(host, &ears, cache, node, &name);
        }
    }
    Ok(())
}

fn hear_one<'s>(
    host: &Host<'s>,
    ears: &Ears<'s>,
    cache: Value<'s>,
    node: Node,
    path: &str,
) -> JsResult<'s, ()> {
    let module = cache.get_key(host.js.string(path))?;
    if !module.is_object() {
        return Ok(());
    }
    ears.give_now(module)?;
    let seen = host.known.graph.borrow().seen(node);
    if seen != module.get("children")?.array_length() {
        records::notice(host.js, module, path)?;
    }
    Ok(())
}

/// The body of the `require` that followed records get.
fn require_noticed<'s>(call: &Call<'s>) -> JsResult<'s> {
    let js = call.js;
    let evaluations = js.state::<Evaluations>()?;
    let require = || {
        let module = evaluations.module(js)?;
        module
            .get("prototype")?
            .get("require")?
            .call(call.this, &call.args)
    };
    let Some(path) = call.this.get("filename").ok().and_then(Value::text) else {
        return require();
    };
    let children = || Some(call.this.get("children").ok()?.array_length());
    let before = children();
    let required = match call.arg(0).text() {
        Some(id) if leads_to_loaded(evaluations.module(js)?, &path, &id).unwrap_or(false) => require(),
        _ => evaluation::observe(js, require),
    };
    if (evaluations.take_news() || children() != before) && !js.state::<Turn>()?.is_asking.get() {
        // A failure here must not change the result for the caller.
        let _ = records::notice(js, call.this, &path);
    }
    required
}

/// Whether the id names a builtin module or a file in the cache. Then nothing is evaluated, and a function that requires it
/// at each call should not pay for an observation.
fn leads_to_loaded<'s>(module: Value<'s>, importer: &str, id: &str) -> JsResult<'s, bool> {
    let js = module.js();
    let is_path = id.starts_with("./") || id.starts_with("../") || Path::new(id).is_absolute();
    let Some(folder) = Path::new(importer).parent().filter(|_| is_path) else {
        return Ok(module.call_method("isBuiltin", &[js.string(id)])?.truthy());
    };
    let Ok(path) = paths::normalize(&folder.join(id)).into_os_string().into_string() else {
        return Ok(false);
    };
    let cache = module.get("_cache")?;
    Ok(cache.has_key(js.string(&path))? || cache.has_key(js.string(&format!("{path}.js")))?)
}
