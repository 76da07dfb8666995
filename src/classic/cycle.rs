//! Hot modules that import each other through runtimes of their own would do so without end.

use std::cell::RefCell;
use std::rc::Rc;

use super::record::Record;
use super::registry::Registry;
use crate::js::{Js, JsResult, State};

/// How often the same file may be imported, each time within the one before. The stack ends soon after.
const TURNS: usize = 4;

/// The imports that have begun and not returned yet, each within the one before: the id, and whose it is.
#[derive(Default)]
pub struct Importing(RefCell<Vec<(String, Rc<Registry>)>>);

impl State for Importing {
    fn make(_: Js<'_>) -> JsResult<'_, Self> {
        Ok(Self::default())
    }
}

impl Importing {
    /// Calls `begin`, which may import within this import.
    pub fn within<T>(&self, id: String, registry: Rc<Registry>, begin: impl FnOnce() -> T) -> T {
        self.0.borrow_mut().push((id, registry));
        let result = begin();
        self.0.borrow_mut().pop();
        result
    }

    /// Throws if an import is one turn too many of a cycle, with the ids on the way round. `resolve` tells its file.
    pub fn check<'s>(
        &self,
        js: Js<'s>,
        id: &str,
        waiter: Option<&Rc<Record>>,
        resolve: impl FnOnce() -> JsResult<'s, String>,
    ) -> JsResult<'s, ()> {
        let begun = self.0.borrow().clone();
        // The last is this one itself.
        let begun = begun.iter().rev().skip(1);
        let begun: Vec<_> = begun.filter_map(|(id, registry)| registry.find(id)).collect();
        let importer = |record: &Rc<Record>| record.importer.borrow().upgrade();
        let awaited: Vec<_> = std::iter::successors(waiter.cloned(), importer).collect();
        if begun.len().max(awaited.len()) < TURNS {
            return Ok(());
        }
        // What does not resolve fails with an error of its own.
        let Ok(path) = resolve() else { return Ok(()) };
        match [begun, awaited]
            .iter()
            .find_map(|within| way_round(within, id, &path))
        {
            Some(way) => Err(js.error("Error", &sentence(&way))),
            None => Ok(()),
        }
    }
}

/// From the last time that the file was imported to this one, if that was often. The modules are given from the
/// innermost on.
fn way_round(within: &[Rc<Record>], id: &str, path: &str) -> Option<Vec<String>> {
    let is_it = |record: &Rc<Record>| *record.resolved.borrow() == path;
    let turns = within.iter().filter(|record| is_it(record)).count();
    let last = within.iter().position(is_it)?;
    let between = within[..=last].iter().rev();
    let mut way: Vec<String> = between.map(|record| record.id.clone()).collect();
    way.push(id.to_owned());
    (turns >= TURNS).then_some(way)
}

fn sentence(way: &[String]) -> String {
    format!(
        "{}: these hot modules import each other, each through a runtime of its own, without end. Import one of them \
         with the runtime of the other (pass it on in the persistent values, say), or move what both need to a third",
        way.join(" imports ")
    )
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::{Record, TURNS, way_round};

    #[test]
    fn a_cycle_is_what_comes_round_often() {
        let within = |count: usize| -> Vec<Rc<Record>> {
            let module = |index| {
                let id = ["./a", "./b"][index % 2];
                let record = Record::new(id, 1);
                *record.resolved.borrow_mut() = id.replace('.', "/app");
                Rc::new(record)
            };
            (0..count).rev().map(module).collect()
        };
        assert_eq!(way_round(&within(2 * TURNS - 1), "./b", "/app/b"), None);
        let expected = ["./a", "./b", "./again"].map(str::to_owned).to_vec();
        assert_eq!(way_round(&within(2 * TURNS), "./again", "/app/a"), Some(expected));
        assert_eq!(way_round(&within(2 * TURNS), "./c", "/app/c"), None);
    }
}
