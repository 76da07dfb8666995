//! Functions for specs of the resources. Functions stand in for the modules of the engine.

use std::rc::Rc;

use crate::js::{Call, Cx, JsResult, MethodSpec, add_methods, spawn};

use super::caller;
use super::owner::OwnerObject;
use super::state::Resources;
use super::transition::{Progress, Transition};

const FUNCTIONS: [MethodSpec; 8] = [
    ("install", 0, |call| {
        done(call, call.js.state::<Resources>()?.install(call.js))
    }),
    ("uninstall", 0, |call| {
        done(call, call.js.state::<Resources>()?.uninstall(call.js))
    }),
    ("owner", 2, owner),
    ("runAs", 2, run_as),
    ("timers", 0, |call| call.js.state::<Resources>()?.timers(call.js)),
    ("isHotCaller", 0, |call| {
        Ok(call.js.boolean(caller::is_hot(call.js)?))
    }),
    ("keep", 1, keep),
    ("begin", 1, begin),
];

const METHODS: [(&str, crate::js::NativeFn); 5] = [
    ("evaluated", |call| {
        done(call, transition(call)?.evaluated(call.js, true))
    }),
    ("rollBack", |call| {
        done(call, transition(call)?.roll_back(call.js))
    }),
    ("settled", |call| wait(call, true)),
    ("over", |call| wait(call, false)),
    ("failure", |call| {
        let failure = transition(call)?.failure();
        Ok(failure.map_or_else(|| call.js.undefined(), |it| it.get(call.js)))
    }),
];

/// `programResources()`: an object with the functions.
pub const FUNCTION: MethodSpec = ("programResources", 0, |call| {
    let object = call.js.object();
    add_methods(object, &FUNCTIONS)?;
    Ok(object)
});

fn done<'s>(call: &Call<'s>, result: JsResult<'s, ()>) -> JsResult<'s> {
    result.map(|()| call.js.undefined())
}

fn owner<'s>(call: &Call<'s>) -> JsResult<'s> {
    let version = call.arg(1).as_number().unwrap_or(1.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "specs count from 1"
    )]
    call.js
        .state::<Resources>()?
        .owner(call.js, &call.arg(0).display(), version as u32)
        .map(|owner| owner.object.get(call.js))
}

fn run_as<'s>(call: &Call<'s>) -> JsResult<'s> {
    let resources = call.js.state::<Resources>()?;
    resources.run_as(call.js, call.arg(0), || {
        call.arg(1).call(call.js.undefined(), &[])
    })
}

/// `keep(object)`: lets the program keep the values of an object, as it keeps those of a `hot.data`.
fn keep<'s>(call: &Call<'s>) -> JsResult<'s> {
    let data = call.arg(0).hold();
    *call.js.state::<Resources>()?.holders.borrow_mut() =
        Some(Rc::new(move |js| Ok(vec![(String::new(), data.get(js))])));
    Ok(call.js.undefined())
}

fn begin<'s>(call: &Call<'s>) -> JsResult<'s> {
    let owners = call.arg(0).items()?.into_iter().filter_map(OwnerObject::of);
    let transition = Transition::begin(call.js, owners.collect())?;
    let object = call.js.native_object(transition)?;
    for (name, body) in METHODS {
        object.set(name, call.js.function(name, 0, body)?)?;
    }
    Ok(object)
}

fn transition<'s>(call: &Call<'s>) -> JsResult<'s, Rc<Transition>> {
    let transition = call.this.native::<Transition>();
    transition.ok_or_else(|| call.js.error("TypeError", "not a transition"))
}

fn wait<'s>(call: &Call<'s>, is_first: bool) -> JsResult<'s> {
    let (transition, cx) = (transition(call)?, Cx::new(call.js));
    spawn(call.js, async move {
        let progress = if is_first {
            transition.settled(cx.clone()).await
        } else {
            transition.over(cx.clone()).await
        };
        let name = match progress {
            Progress::Open => "open",
            Progress::Up => "up",
            Progress::Over => "over",
            Progress::Back => "back",
        };
        Ok(cx.with(|js| js.string(name).hold()))
    })
}
