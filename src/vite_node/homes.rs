//! Homes: each runner and each emitter has one record, which is held weakly and goes with it.

use std::rc::Rc;

use super::hot_cache::HotCache;
use super::plugin::changes::Changes;
use super::state::RunnerState;
use crate::js::{Held, Js, JsResult, State, Value};

/// A `WeakMap` from runners and emitters to their homes. A home is an object with the state that belongs to one of them.
pub struct Homes(Held);

impl State for Homes {
    fn make(js: Js<'_>) -> JsResult<'_, Self> {
        Ok(Self(js.global()?.get("WeakMap")?.construct(&[])?.hold()))
    }
}

/// The home of `object`. `make` makes it at the first call.
fn home<'s>(object: Value<'s>, make: impl FnOnce() -> JsResult<'s>) -> JsResult<'s> {
    let homes = object.js().state::<Homes>()?.0.get(object.js());
    let home = homes.call_method("get", &[object])?;
    if home.is_object() {
        return Ok(home);
    }
    let home = make()?;
    homes.call_method("set", &[object, home])?;
    Ok(home)
}

/// The home of a runner: native state, and the record that `getCache` shows as `cache`.
pub fn runner_home(runner: Value<'_>) -> JsResult<'_> {
    let js = runner.js();
    if !runner.is_object() {
        return Err(js.error(
            "TypeError",
            &format!("expected a runner, got {}", runner.display()),
        ));
    }
    home(runner, || {
        let home = js.native_object(Rc::new(RunnerState::default()))?;
        home.set("cache", HotCache::create(js)?)?;
        Ok(home)
    })
}

/// The record of a runner.
pub fn cache_of(runner: Value<'_>) -> JsResult<'_, HotCache<'_>> {
    Ok(HotCache(runner_home(runner)?.get("cache")?))
}

/// The home of an emitter: an object with the changes that its plugin saw (native state), the server, and the waiting
/// runners.
pub fn emitter_home(emitter: Value<'_>) -> JsResult<'_> {
    let js = emitter.js();
    if !emitter.is_object() {
        return Err(js.error("TypeError", "expected an emitter"));
    }
    home(emitter, || {
        let home = js.native_object(Rc::new(Changes::default()))?;
        home.set("origins", js.global()?.get("WeakMap")?.construct(&[])?)?;
        home.set("channels", js.global()?.get("WeakSet")?.construct(&[])?)?;
        home.set("adopted", js.global()?.get("WeakSet")?.construct(&[])?)?;
        home.set("listeners", js.global()?.get("WeakMap")?.construct(&[])?)?;
        home.set("waiting", js.map()?)?;
        Ok(home)
    })
}
