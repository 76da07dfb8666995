//! Ends endless imports: two hot modules that each make a runtime and import each other with it.

use std::cell::RefCell;
use std::rc::Rc;

use super::record::Record;
use super::registry::Registry;
use crate::js::{Js, JsResult, PlainState};

/// How often the same file may be imported within its own import. Soon after that, the stack would overflow.
const TURNS: usize = 4;

/// The imports that have begun and not returned yet, the innermost last: the id, and the records of its runtime.
#[derive(Default)]
pub struct Importing(RefCell<Vec<(String, Rc<Registry>)>>);

impl PlainState for Importing {}

impl Importing {
    /// Calls `begin`, which may import within this import.
    pub fn within<T>(&self, id: String, registry: Rc<Registry>, begin: impl FnOnce() -> T) -> T {
        self.0.borrow_mut().push((id, registry));
        let result = begin();
        self.0.borrow_mut().pop();
        result
    }

    /// Throws if this import would be one turn too many of a cycle, with the ids of the cycle. `resolve` finds its file.
    pub fn check<'s>(
        &self,
        js: Js<'s>,
        id: &str,
        waiter: Option<&Rc<Record>>,
        resolve: impl FnOnce() -> JsResult<'s, String>,
    ) -> JsResult<'s, ()> {
        let begun = self.0.borrow().clone();
        // The last entry is this import itself.
        let begun = begun.iter().rev().skip(1);
        let begun: Vec<_> = begun.filter_map(|(id, registry)| registry.find(id)).collect();
        let importer = |record: &Rc<Record>| record.importer.borrow().upgrade();
        let awaited: Vec<_> = std::iter::successors(waiter.cloned(), importer).collect();
        if begun.len().max(awaited.len()) < TURNS {
            return Ok(());
        }
        // If the id does not resolve, the import fails later with that error.
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

/// The ids from the last import of the file to this one, if the file was imported too often. `within` are the modules
/// whose imports surround this one, the innermost first.
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
