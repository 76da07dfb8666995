//! `Runner`, `AsyncRunner` and `createRunner`.
//!
//! The callbacks are own properties of the instance, never native references: a callback reaches its module, and the
//! module the runner, and only the garbage collector can free such a cycle (docs/design.md, "Leaks").

use super::brand::brand;
use super::inspect;
use crate::error::HmrError;
use crate::js::{Call, ClassSpec, Held, Js, JsResult, MethodSpec, State, Value, define_class};

/// The methods of both classes.
const METHODS: &[MethodSpec] = &[("execute", 2, execute), ("clean", 2, clean)];

/// Each method, with the property that holds its callback.
pub const CALLBACKS: &[(&str, &str)] = &[("execute", "run"), ("clean", "cleanup")];

/// The class `Runner`: the result of its callback is the module's exports, even if it is a promise.
const RUNNER: ClassSpec = ClassSpec {
    name: "Runner",
    length: 1,
    constructor: |call| construct(call, "Runner", |classes| &classes.plain),
    methods: METHODS,
    statics: &[],
};

/// The class `AsyncRunner`: the result of its callback is awaited, in `calling.rs`.
const ASYNC_RUNNER: ClassSpec = ClassSpec {
    name: "AsyncRunner",
    length: 1,
    constructor: |call| construct(call, "AsyncRunner", |classes| &classes.awaited),
    methods: METHODS,
    statics: &[],
};

/// Both classes of runners.
pub struct RunnerClasses {
    /// The JavaScript class `Runner`.
    pub plain: Held,
    /// The JavaScript class `AsyncRunner`.
    pub awaited: Held,
}

impl State for RunnerClasses {
    fn make(js: Js<'_>) -> JsResult<'_, Self> {
        let (plain, awaited) = (
            define_class(js, &RUNNER, None)?,
            define_class(js, &ASYNC_RUNNER, None)?,
        );
        for class in [plain, awaited] {
            brand(class)?;
            inspect::show(class, inspect)?;
        }
        Ok(Self {
            plain: plain.hold(),
            awaited: awaited.hold(),
        })
    }
}

fn construct<'s>(call: &Call<'s>, class: &str, own: fn(&RunnerClasses) -> &Held) -> JsResult<'s> {
    let js = call.js;
    let (run, cleanup) = (call.arg(0), call.arg(1));
    // A subclass may override `execute` and call `super()` without arguments.
    let own = own(&*js.state::<RunnerClasses>()?).get(js);
    let is_subclass = call.new_target.is_some_and(|target| !target.same(own));
    if !(run.is_function() || is_subclass && run.is_undefined()) {
        return Err(HmrError::argument(class, "run", "a function that returns the exports", run).thrown(js));
    }
    check_callback(class, "cleanup", cleanup)?;
    call.this.define_hidden(js.string("run"), run)?;
    call.this.define_hidden(js.string("cleanup"), cleanup)?;
    Ok(call.this)
}

/// Refuses a callback that is neither a function nor left out.
pub fn check_callback<'s>(callee: &str, parameter: &'static str, callback: Value<'s>) -> JsResult<'s, ()> {
    if callback.is_function() || callback.is_nullish() {
        return Ok(());
    }
    let expected = "a function, or left out";
    Err(HmrError::argument(callee, parameter, expected, callback).thrown(callback.js()))
}

fn execute<'s>(call: &Call<'s>) -> JsResult<'s> {
    call.this.call_method("run", &[call.arg(0), call.arg(1)])
}

fn clean<'s>(call: &Call<'s>) -> JsResult<'s> {
    let cleanup = call.this.get("cleanup")?;
    if cleanup.is_nullish() {
        return Ok(call.js.undefined());
    }
    cleanup.call(call.this, &[call.arg(0), call.arg(1)])
}

/// `createRunner(run, cleanup?, isAsync = false)`.
pub fn create_runner<'s>(call: &Call<'s>) -> JsResult<'s> {
    let js = call.js;
    let (run, cleanup) = (call.arg(0), call.arg(1));
    if !run.is_function() {
        let expected = "a function that returns the exports";
        return Err(HmrError::argument("createRunner", "run", expected, run).thrown(js));
    }
    check_callback("createRunner", "cleanup", cleanup)?;
    let classes = js.state::<RunnerClasses>()?;
    let class = if call.arg(2).truthy() {
        &classes.awaited
    } else {
        &classes.plain
    };
    class.get(js).construct(&[run, cleanup])
}

/// `util.inspect` of a runner: its callbacks.
fn inspect<'s>(call: &Call<'s>) -> JsResult<'s> {
    inspect::properties(call, &[("run", "run"), ("cleanup", "cleanup")])
}
