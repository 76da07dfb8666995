//! Finds out what the program keeps, however deep: a pool in `hot.data` keeps the sockets of its clients.

use std::collections::HashMap;

use crate::js::{Js, JsResult, Value};

use super::owner::list;
use super::state::Resources;

/// Most objects to look at, since the search runs between requests.
const MOST: u32 = 2000;

/// The objects that properties and collections of kept values lead to.
pub struct Reach<'s> {
    reached: Value<'s>,
    /// For each module, whether its `hot.data` has an object that may hide what it holds: in private fields or native code.
    is_opaque: HashMap<String, bool>,
}

impl<'s> Reach<'s> {
    /// Searches from every `hot.data`, and from the properties that the program has added to the global object.
    pub fn new(resources: &Resources, js: Js<'s>) -> JsResult<'s, Self> {
        let reached = js.global()?.get("Set")?.construct(&[])?;
        let mut reach = Self {
            reached,
            is_opaque: HashMap::new(),
        };
        let mut left = MOST;
        let holders = resources.holders.borrow().clone();
        for (module, data) in holders.map(|all| all(js)).transpose()?.unwrap_or_default() {
            let seen = reach.walk(data, &mut left)?;
            reach
                .is_opaque
                .insert(module, seen.has_instance && !seen.has_handle);
        }
        // The enumerable properties are those that a program has added, and a few of Node's, which hold nothing.
        for key in js.global()?.keys()? {
            let name = key.display();
            if !matches!(name.as_str(), "global" | "globalThis" | "process") {
                let value = own_value(js.global()?, key)?;
                reach.walk(value, &mut left)?;
            }
        }
        Ok(reach)
    }

    /// Whether the program keeps `target`, which `module` has made. If the module's `hot.data` may hide what it holds, the
    /// answer is yes.
    pub fn holds(&self, module: &str, target: Value<'s>) -> JsResult<'s, bool> {
        let is_reached = self.reached.call_method("has", &[target])?.truthy();
        Ok(is_reached || self.is_opaque.get(module).copied().unwrap_or(false))
    }

    fn walk(&self, from: Value<'s>, left: &mut u32) -> JsResult<'s, Seen> {
        let js = self.reached.js();
        let global = js.global()?;
        let (object, reflect) = (global.get("Object")?, global.get("Reflect")?);
        let mut seen = Seen::default();
        let mut waiting = vec![from];
        while let Some(value) = waiting.pop() {
            if !value.is_object()
                || value.is_function()
                || self.reached.call_method("has", &[value])?.truthy()
            {
                continue;
            }
            if *left == 0 {
                break;
            }
            *left -= 1;
            self.reached.call_method("add", &[value])?;
            // Of a socket it is an accessor of the class.
            if value.has_key(js.string("_handle"))? || value.has_own_key(js.string("_idleTimeout"))? {
                // The search ends at timers and sockets: timers lead to each other, sockets to anything.
                seen.has_handle = true;
                continue;
            }
            if value.instance_of(global.get("Map")?)? || value.instance_of(global.get("Set")?)? {
                for entry in list(value)? {
                    waiting.push(entry);
                }
                continue;
            }
            if !value.is_array() {
                let prototype = object.call_method("getPrototypeOf", &[value])?;
                let is_plain = prototype.is_nullish() || prototype.same(object.get("prototype")?);
                seen.has_instance |= !is_plain;
            }
            for key in reflect.call_method("ownKeys", &[value])?.items()? {
                waiting.push(own_value(value, key)?);
            }
        }
        Ok(seen)
    }
}

/// What the search has met.
#[derive(Default)]
struct Seen {
    /// An instance of some class.
    has_instance: bool,
    /// Something that has a handle of the system, or is a timer.
    has_handle: bool,
}

/// The value of a property. `undefined` for an accessor, which may run the program's code.
fn own_value<'s>(object: Value<'s>, key: Value<'s>) -> JsResult<'s> {
    let statics = object.js().global()?.get("Object")?;
    let descriptor = statics.call_method("getOwnPropertyDescriptor", &[object, key])?;
    if descriptor.is_object() {
        descriptor.get("value")
    } else {
        Ok(object.js().undefined())
    }
}
