//! References that outlive a native call.

use std::ptr;
use std::rc::Rc;

use napi::sys;

use super::realm::{Js, Realm};
use super::value::{Kind, Thrown, Value};

/// A strong reference to any JavaScript value, primitives included; freed when the last clone is dropped.
///
/// The garbage collector cannot free the value meanwhile. So use it only where a named moment ends it: a step that is
/// under way, an active watch, the addon's own functions. Never keep a user's callback in it for good (docs/design.md,
/// "Leaks").
#[derive(Clone)]
pub struct Held(Kept);

/// How a [`Held`] keeps its value.
#[derive(Clone)]
enum Kept {
    /// `undefined` needs no reference.
    Undefined,
    /// A reference to the object or function itself.
    Object(Rc<Reference>),
    /// A reference to an array with the value in it: Node-API before version 10 cannot refer to a primitive.
    Boxed(Rc<Reference>),
}

/// A weak reference to an object.
pub struct Faint(Reference);

struct Reference {
    realm: Rc<Realm>,
    raw: sys::napi_ref,
}

impl Reference {
    fn new(value: Value<'_>, count: u32) -> Self {
        let realm = Rc::clone(value.js().realm());
        let mut raw = ptr::null_mut();
        // SAFETY: `raw` is a valid place; the callers pass objects, functions or symbols.
        unsafe { sys::napi_create_reference(realm.env, value.raw(), count, &raw mut raw) };
        realm.live_references.set(realm.live_references.get() + 1);
        Self { realm, raw }
    }

    fn get<'s>(&self, js: Js<'s>) -> Option<Value<'s>> {
        let mut raw = ptr::null_mut();
        // SAFETY: the reference belongs to this environment; an empty weak one leaves `raw` null.
        unsafe { sys::napi_get_reference_value(js.env(), self.raw, &raw mut raw) };
        (!raw.is_null()).then(|| Value::from_raw(js, raw))
    }
}

impl Drop for Reference {
    fn drop(&mut self) {
        self.realm
            .live_references
            .set(self.realm.live_references.get().saturating_sub(1));
        if self.realm.frees_references.get() && !self.raw.is_null() {
            // SAFETY: made in `new`, deleted once, while the environment is there.
            unsafe { sys::napi_delete_reference(self.realm.env, self.raw) };
        }
    }
}

impl Held {
    fn new(value: Value<'_>) -> Self {
        Self(match value.kind() {
            Kind::Undefined => Kept::Undefined,
            Kind::Object | Kind::Function | Kind::External => Kept::Object(Rc::new(Reference::new(value, 1))),
            _ => Kept::Boxed(Rc::new(Reference::new(value.js().array(&[value]), 1))),
        })
    }

    /// `undefined`.
    pub const fn undefined() -> Self {
        Self(Kept::Undefined)
    }

    /// The value.
    pub fn get<'s>(&self, js: Js<'s>) -> Value<'s> {
        match &self.0 {
            Kept::Undefined => None,
            Kept::Object(reference) => reference.get(js),
            Kept::Boxed(reference) => {
                let items = reference.get(js).map(Value::items);
                items
                    .and_then(Result::ok)
                    .and_then(|items| items.first().copied())
            }
        }
        .unwrap_or_else(|| js.undefined())
    }
}

impl Faint {
    fn new(value: Value<'_>) -> Option<Self> {
        value.is_object().then(|| Self(Reference::new(value, 0)))
    }

    /// The object, unless it has been collected.
    pub fn get<'s>(&self, js: Js<'s>) -> Option<Value<'s>> {
        self.0.get(js)
    }
}

impl Value<'_> {
    /// A strong reference that outlives this call.
    pub fn hold(self) -> Held {
        Held::new(self)
    }

    /// A weak reference. `None` for primitives, which cannot be referred to weakly.
    pub fn faint(self) -> Option<Faint> {
        Faint::new(self)
    }
}

impl Thrown<'_> {
    /// The thrown value, to be kept across waits.
    pub fn hold(self) -> Held {
        self.0.hold()
    }
}
