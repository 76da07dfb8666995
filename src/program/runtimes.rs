//! Runtimes of the classic API that versions of the program make. A runtime goes with the version that made it, and what its
//! hot modules start lives as long as the runtime.

use std::cell::RefCell;
use std::rc::Rc;

use super::resources::{Owner, OwnerObject, Phase, Resources, Started, held, thing};
use crate::es::Engine;
use crate::js::{Faint, Js, JsResult, Value};

/// The runtimes of one program.
#[derive(Default)]
pub struct MadeRuntimes(RefCell<Vec<Made>>);

struct Made {
    runtime: Faint,
    /// The owner that made the runtime: of a version, or of another runtime in whose step it was made.
    maker: Rc<Owner>,
    /// The owner of what the runtime's hot modules start.
    own: OwnerObject,
}

/// A runtime that goes with the version that made it.
pub struct Going(Rc<Owner>);

impl MadeRuntimes {
    /// Notes a runtime that the version which runs at this moment has made. A runtime that a request makes belongs to nobody.
    pub fn add<'s>(&self, js: Js<'s>, resources: &Resources, runtime: Value<'s>) -> JsResult<'s, ()> {
        self.0.borrow_mut().retain(|made| is_there(js, made));
        let Some((_, maker)) = resources.current(js)? else {
            return Ok(());
        };
        let Some(weak) = runtime.faint() else {
            return Ok(());
        };
        let own = resources.owner(js, &maker.module, maker.version)?;
        let ends = js.object();
        let cleaned = Rc::new(runtime.faint());
        let clean_up = js.function("cleanUp", 0, move |call| {
            let runtime = cleaned.as_ref().as_ref().and_then(|runtime| runtime.get(call.js));
            let runtimes = Engine::of(call.js)?.runtimes();
            if let Some((runtime, runtimes)) = runtime.zip(runtimes) {
                runtimes.close(runtime)?;
                runtimes.clean_up(runtime);
            }
            Ok(call.js.undefined())
        })?;
        ends.set("cleanUp", clean_up)?;
        Started::Things.add(own.object.get(js), thing(ends, ends, "cleanUp", &[])?)?;
        self.0.borrow_mut().push(Made {
            runtime: weak,
            maker,
            own,
        });
        Ok(())
    }

    /// The runtimes that go with these owners. Adds the runtimes' own owners to `owners`. A runtime that the program keeps
    /// stays, with the runtimes that were made in its steps.
    pub fn going<'s>(
        &self,
        js: Js<'s>,
        resources: &Resources,
        owners: &mut Vec<OwnerObject>,
    ) -> JsResult<'s, Vec<Going>> {
        let mut going = Vec::new();
        if self.0.borrow().is_empty() {
            return Ok(going);
        }
        let kept = held(resources, js);
        let mut makers: Vec<Rc<Owner>> = owners.iter().map(|owner| Rc::clone(&owner.facts)).collect();
        // In the order in which they were made, so a runtime comes before those that were made in its steps.
        for made in self.0.borrow().iter() {
            let Some(runtime) = made.runtime.get(js) else {
                continue;
            };
            let is_of = |maker: &Rc<Owner>| Rc::ptr_eq(maker, &made.maker);
            if makers.iter().any(is_of) && !kept.has(runtime)? {
                let own = Rc::clone(&made.own.facts);
                owners.push(made.own.clone());
                makers.push(Rc::clone(&own));
                going.push(Going(own));
            }
        }
        Ok(going)
    }

    /// Closes these runtimes, since the versions that made them are gone.
    pub fn close<'s>(&self, js: Js<'s>, going: &[Going]) -> JsResult<'s, ()> {
        let Some(runtimes) = Engine::of(js)?.runtimes() else {
            return Ok(());
        };
        let is_going = |made: &Made| {
            let own = &made.own.facts;
            going.iter().any(|going| Rc::ptr_eq(&going.0, own))
        };
        let gone: Vec<Made> = self
            .0
            .borrow_mut()
            .extract_if(.., |made| is_going(made))
            .collect();
        for made in gone {
            if let Some(runtime) = made.runtime.get(js) {
                runtimes.close(runtime)?;
            }
        }
        Ok(())
    }

    /// Runs a step of a hot module on behalf of its runtime.
    pub fn run<'s>(
        &self,
        resources: &Resources,
        runtime: Value<'s>,
        step: impl FnOnce() -> JsResult<'s>,
    ) -> JsResult<'s> {
        let js = runtime.js();
        let own = {
            let all = self.0.borrow();
            let made = all
                .iter()
                .find(|made| made.runtime.get(js).is_some_and(|it| it.same(runtime)));
            made.map(|made| made.own.clone())
        };
        match own {
            Some(own) if !own.facts.is_over() => resources.run_as(js, own.object.get(js), step),
            _ => resources.run_outside(js, step),
        }
    }
}

fn is_there(js: Js<'_>, made: &Made) -> bool {
    let phase = made.own.facts.phase.get();
    made.runtime.get(js).is_some() && !matches!(phase, Phase::Released | Phase::Failed)
}
