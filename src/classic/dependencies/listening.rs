//! The own `require` of followed records.
//!
//! A record's `children` grow when one of its functions requires something later, and nothing tells of that. So each
//! followed record gets an own `require`, which the `require` function of its file calls, as it would call that of
//! the prototype: it does the same and then looks at the children. Other modules' records stay as they are.
//!
//! Giving it to thousands takes a third of the time in which they are followed, and whoever imports waits for that. So
//! a walk gives it to the first of them, and the turns after it to the others: the backlog. Until all have it, evaluations
//! are observed (`evaluation.rs`) and nobody walks again, so that what is required meanwhile is found in the end.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::path::Path;
use std::rc::Rc;

use tracing::trace_span;

use super::evaluation::Evaluations;
use super::{Host, Turn, evaluation, records};
use crate::graph::modules::Node;
use crate::js::{Call, Held, Js, JsResult, State, Timers, Value};
use crate::paths;
use rustc_hash::FxBuildHasher;

/// How many records of one walk get theirs at once,
const AT_ONCE: u32 = 1_000;
/// and how many of the others in each turn: about a millisecond's worth.
const PER_TURN: usize = 1_000;

/// Marks records of loaders.
const MARK: &str = "@upvotr/node-hmr followed";

/// What the addon keeps for that.
#[derive(Default)]
pub struct Listening {
    /// The function that followed records get.
    require: RefCell<Option<Held>>,
    /// While runtimes have a backlog.
    observed: RefCell<Option<evaluation::Observed>>,
}

impl State for Listening {
    fn make(_: Js<'_>) -> JsResult<'_, Self> {
        Ok(Self::default())
    }
}

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
    key: Value<'s>,
    require: Value<'s>,
    mark: Value<'s>,
    given: Cell<u32>,
}

impl<'s> Ears<'s> {
    /// For a walk that begins. The backlog of an earlier one comes first, since a record is known to have been looked
    /// at by its `require`.
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

    /// Whether the record has it.
    pub fn has(&self, module: Value<'s>) -> JsResult<'s, bool> {
        Ok(module.get_key(self.key)?.same(self.require))
    }

    /// Whether the record has a `require` of somebody else's: a loader made it.
    pub fn is_of_loader(&self, module: Value<'s>) -> JsResult<'s, bool> {
        Ok(module.has_own_key(self.key)? && !self.has(module)?)
    }

    /// Notes that the source of a loader's record was asked for its imports.
    pub fn mark_asked(&self, module: Value<'s>) {
        // A frozen record is asked by each walk.
        let _ = module.define_hidden(self.mark, module.js().boolean(true));
    }

    /// Whether it was.
    pub fn is_asked(&self, module: Value<'s>) -> JsResult<'s, bool> {
        module.has_own_key(self.mark)
    }

    /// Gives it to the record of a node, now or soon.
    pub fn give(&self, host: &Host<'s>, node: Node, module: Value<'s>) -> JsResult<'s, ()> {
        if self.given.get() < AT_ONCE {
            self.given.set(self.given.get() + 1);
            return self.give_now(module);
        }
        host.known.unheard.borrow_mut().push(node);
        Ok(())
    }

    fn give_now(&self, module: Value<'s>) -> JsResult<'s, ()> {
        // Somebody else's own `require` stays.
        if !module.has_own_key(self.key)? {
            // What a frozen record requires later is found by the next walk.
            let _ = module.define_hidden(self.key, self.require);
        }
        Ok(())
    }
}

/// A walk is over: what it left to do is begun in the next turn.
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
    // What this asks may be an accessor of the user's, and walk.
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

/// Works off the backlog of all runtimes.
pub fn hear_all(js: Js<'_>) {
    hear(js, usize::MAX);
}

fn hear(js: Js<'_>, most: usize) {
    let (Ok(listening), Ok(evaluations)) = (js.state::<Listening>(), js.state::<Evaluations>()) else {
        return;
    };
    // A copy: whoever walks meanwhile works off the rest.
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
            // Somebody has required it afresh: nobody has looked at that record.
            host.known.graph.borrow_mut().forget_seen(node);
        } else {
            // A record that cannot be read is the user's own.
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

/// The `require` of followed records.
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
        // What was required or thrown is the caller's, whatever becomes of following it.
        let _ = records::notice(js, call.this, &path);
    }
    required
}

/// Whether the id names a builtin or a file that is in the cache. Functions that require such at each call should not
/// pay for an evaluation that nobody begins.
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
