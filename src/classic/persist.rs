//! `PersistManager` and `createPersist`: make and clean up persistent values.

use super::brand::brand;
use super::inspect;
use super::runner::check_callback;
use crate::js::{Call, ClassSpec, Held, Js, JsResult, State, Value, define_class};

const GENERATE: &str = "generatePersistentValues";
const CLEANUP: &str = "cleanupPersistentValues";

/// Each method, with the property that holds its callback.
pub const CALLBACKS: &[(&str, &str)] = &[("generate", GENERATE), ("cleanup", CLEANUP)];

/// The class `PersistManager`. The callbacks are own properties of the instance (see `runner.rs`).
const PERSIST_MANAGER: ClassSpec = ClassSpec {
    name: "PersistManager",
    length: 0,
    constructor: |call| {
        let js = call.js;
        let (generate, cleanup) = (call.arg(0), call.arg(1));
        check_callback("PersistManager", "generate", generate)?;
        check_callback("PersistManager", "cleanup", cleanup)?;
        call.this.define_hidden(js.string(GENERATE), generate)?;
        call.this.define_hidden(js.string(CLEANUP), cleanup)?;
        Ok(call.this)
    },
    methods: &[("generate", 0, generate), ("cleanup", 1, cleanup)],
    statics: &[],
};

/// The JavaScript class `PersistManager`.
pub struct PersistClass(pub Held);

impl State for PersistClass {
    fn make(js: Js<'_>) -> JsResult<'_, Self> {
        let class = define_class(js, &PERSIST_MANAGER, None)?;
        brand(class)?;
        inspect::show(class, inspect)?;
        Ok(Self(class.hold()))
    }
}

fn generate<'s>(call: &Call<'s>) -> JsResult<'s> {
    let generate = call.this.get(GENERATE)?;
    if generate.is_nullish() {
        return Ok(call.js.object());
    }
    generate.call(call.this, &[])
}

fn cleanup<'s>(call: &Call<'s>) -> JsResult<'s> {
    let cleanup = call.this.get(CLEANUP)?;
    if cleanup.is_nullish() {
        return Ok(call.js.undefined());
    }
    cleanup.call(call.this, &[call.arg(0)])
}

/// The source text of the callback that makes the values, or of the `generate` of a subclass.
pub fn generate_text(persist: Value<'_>) -> String {
    let function = [GENERATE, "generate"].into_iter().find_map(|name| {
        let function = persist.get(name).ok()?;
        function.is_function().then_some(function)
    });
    function.map(Value::display).unwrap_or_default()
}

/// `createPersist(generate?, cleanup?)`.
pub fn create_persist<'s>(call: &Call<'s>) -> JsResult<'s> {
    check_callback("createPersist", "generate", call.arg(0))?;
    check_callback("createPersist", "cleanup", call.arg(1))?;
    call.js
        .state::<PersistClass>()?
        .0
        .get(call.js)
        .construct(&[call.arg(0), call.arg(1)])
}

/// `util.inspect` of a persist manager: its callbacks.
fn inspect<'s>(call: &Call<'s>) -> JsResult<'s> {
    inspect::properties(call, &[(GENERATE, "generate"), (CLEANUP, "cleanup")])
}
