//! Classes whose instances keep their state in properties.
//!
//! An instance carries no native state, so methods work on every receiver that has the properties: subclasses,
//! `Reflect.construct`, proxies. Methods are made one by one because `napi_define_class` gives them neither a
//! `length` nor the attributes that methods have in JavaScript.

use std::ptr;

use napi::sys;

use super::function::{Call, Native, enter, release_with};
use super::realm::Js;
use super::value::{JsResult, Value};

/// The body of a native function.
pub type NativeFn = for<'s> fn(&Call<'s>) -> JsResult<'s>;

/// A method or function: name, number of parameters, body.
pub type MethodSpec = (&'static str, u32, NativeFn);

/// The description of a JavaScript class, for [`define_class`].
pub struct ClassSpec {
    /// The name of the class in JavaScript.
    pub name: &'static str,
    /// The `length` of the class: the number of the constructor's parameters.
    pub length: u32,
    /// Sets the properties of `this`; its result is ignored.
    pub constructor: NativeFn,
    /// Methods of instances.
    pub methods: &'static [MethodSpec],
    /// Methods of the class itself.
    pub statics: &'static [MethodSpec],
}

/// Makes the class; with `parent`, links its prototypes as `extends` does. A call without `new` is a `TypeError`.
pub fn define_class<'s>(js: Js<'s>, spec: &ClassSpec, parent: Option<Value<'s>>) -> JsResult<'s> {
    let (name, construct) = (spec.name, spec.constructor);
    let data = Native::leak(
        js,
        Box::new(move |call| {
            if call.new_target.is_none() {
                let message = format!("Class constructor {name} cannot be invoked without 'new'");
                return Err(call.js.error("TypeError", &message));
            }
            construct(call)?;
            Ok(call.this)
        }),
    );
    let mut raw = ptr::null_mut();
    // SAFETY: name and length belong together; `data` is owned by the finalizer added below.
    let status = unsafe {
        sys::napi_define_class(
            js.env(),
            name.as_ptr().cast(),
            name.len().cast_signed(),
            Some(enter),
            data,
            0,
            ptr::null(),
            &raw mut raw,
        )
    };
    let class = js.checked(status, raw)?;
    release_with(class, data)?;
    class.define_constant(js.string("length"), js.number(f64::from(spec.length)))?;
    let prototype = class.get("prototype")?;
    if let Some(parent) = parent {
        class.set_prototype(parent)?;
        prototype.set_prototype(parent.get("prototype")?)?;
    }
    add_methods(prototype, spec.methods)?;
    add_methods(class, spec.statics)?;
    Ok(class)
}

/// Defines functions on an object, not enumerable, as methods of a class are.
pub fn add_methods<'s>(target: Value<'s>, methods: &[MethodSpec]) -> JsResult<'s, ()> {
    let js = target.js();
    for &(name, length, body) in methods {
        target.define_hidden(js.string(name), js.function(name, length, body)?)?;
    }
    Ok(())
}
