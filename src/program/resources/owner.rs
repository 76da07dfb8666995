//! One version of a module, and what it has started.

use std::cell::Cell;
use std::rc::Rc;

use crate::js::{Held, Js, JsResult, Value};

/// The phase of a version's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The version runs, or is about to run.
    Running,
    /// A newer version is about to replace this one. What this one started still runs.
    Replaced,
    /// Everything that the version started has been released. Whatever it starts from now on ends at once.
    Released,
    /// The version failed before it came up. As `Released`, and its later errors are ignored.
    Failed,
}

/// The version of a module on whose behalf code runs. The context of an evaluation (`AsyncLocalStorage`) holds the JavaScript
/// object that carries this. Everything that the version started is in `Set`s on that object, and is collected with it.
pub struct Owner {
    /// The path of the module.
    pub module: String,
    /// The number of the version.
    pub version: u32,
    /// The phase of the version's life.
    pub phase: Cell<Phase>,
    /// Number of the transition that evaluates the version; 0 for a first start.
    pub transition: u64,
    /// Number of kept timers above which the ended ones are forgotten.
    pub timers_kept: Cell<u32>,
    /// Whether the version has started anything. Most modules start nothing, and a reload has to be quick about them.
    pub has_started: Cell<bool>,
}

/// An owner, with its JavaScript object.
#[derive(Clone)]
pub struct OwnerObject {
    /// The facts.
    pub facts: Rc<Owner>,
    /// The object that carries them.
    pub object: Held,
}

impl OwnerObject {
    /// The owner whose object this is.
    pub fn of(object: Value<'_>) -> Option<Self> {
        object.native::<Owner>().map(|facts| Self {
            facts,
            object: object.hold(),
        })
    }
}

/// The objects of those owners that have started something.
pub fn busy<'s>(js: Js<'s>, owners: &[OwnerObject]) -> Vec<Value<'s>> {
    let busy = owners.iter().filter(|owner| owner.facts.has_started.get());
    busy.map(|owner| owner.object.get(js)).collect()
}

impl Owner {
    /// The module and the number of the version, for the log.
    pub fn name(&self) -> String {
        format!("{} (version {})", self.module, self.version)
    }

    /// A new owner.
    pub fn make<'s>(js: Js<'s>, module: &str, version: u32, transition: u64) -> JsResult<'s, OwnerObject> {
        let facts = Rc::new(Self {
            module: module.to_owned(),
            version,
            phase: Cell::new(Phase::Running),
            transition,
            timers_kept: Cell::new(64),
            has_started: Cell::new(false),
        });
        let object = js.native_object(Rc::clone(&facts))?.hold();
        Ok(OwnerObject { facts, object })
    }

    /// Whether everything that this version starts has to end at once.
    pub fn is_over(&self) -> bool {
        matches!(self.phase.get(), Phase::Released | Phase::Failed)
    }
}

/// The kinds of things that a version starts. Each kind has a `Set` on the owner.
#[derive(Clone, Copy)]
pub enum Started {
    /// `Timeout`s and `Immediate`s.
    Timers,
    /// Servers that listen.
    Servers,
    /// Everything else, each as an object `{ target, end }`.
    Things,
    /// Resources that may stay open, each as an array of its kind and a `WeakRef`.
    Noted,
}

impl Started {
    fn name(self) -> &'static str {
        match self {
            Self::Timers => "timers",
            Self::Servers => "servers",
            Self::Things => "things",
            Self::Noted => "noted",
        }
    }

    /// Adds `thing`. Returns the number of things of this kind.
    pub fn add<'s>(self, owner: Value<'s>, thing: Value<'s>) -> JsResult<'s, u32> {
        let js = owner.js();
        if let Some(facts) = owner.native::<Owner>() {
            facts.has_started.set(true);
        }
        let mut set = owner.get(self.name())?;
        if !set.is_object() {
            set = js.global()?.get("Set")?.construct(&[])?;
            owner.set(self.name(), set)?;
        }
        set.call_method("add", &[thing])?;
        let size = set.get("size")?.as_number().unwrap_or(0.0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a set has at most 2^24 elements"
        )]
        Ok(size as u32)
    }

    /// Removes `thing`.
    pub fn remove<'s>(self, owner: Value<'s>, thing: Value<'s>) -> JsResult<'s, ()> {
        let set = owner.get(self.name())?;
        if set.is_object() {
            set.call_method("delete", &[thing])?;
        }
        Ok(())
    }

    /// All things of this kind, in the order in which they were started.
    pub fn all(self, owner: Value<'_>) -> JsResult<'_, Vec<Value<'_>>> {
        let set = owner.get(self.name())?;
        if !set.is_object() {
            return Ok(Vec::new());
        }
        list(set)
    }

    /// Takes all things of this kind out of the owner.
    pub fn take(self, owner: Value<'_>) -> JsResult<'_, Vec<Value<'_>>> {
        let all = self.all(owner)?;
        if !all.is_empty() {
            owner.set(self.name(), owner.js().undefined())?;
        }
        Ok(all)
    }
}

/// The elements of anything that can be iterated.
pub fn list(iterable: Value<'_>) -> JsResult<'_, Vec<Value<'_>>> {
    let array = iterable.js().global()?.get("Array")?;
    array.call_method("from", &[iterable])?.items()
}
