//! Keeps the persistent values of a module in its slot, with the manager that cleans them up.

use super::calling::Module;
use super::persist;
use super::registry::place;
use crate::js::Held;

/// Puts new values in the slot.
pub fn keep_values(module: &Module, persist: &Held, values: &Held) -> Result<(), Held> {
    module.record.has_values.set(true);
    module.cx.attempt(|js| {
        *module.record.generated_by.borrow_mut() = persist::generate_text(persist.get(js));
        let slot = module.slot.get(js);
        slot.set_item(place::VALUES, values.get(js))?;
        slot.set_item(place::PERSIST, persist.get(js))
    })
}

/// Takes the persistent values out of the slot, with the manager that cleans them up.
pub fn take_values(module: &Module) -> Option<(Held, Held)> {
    if !module.record.has_values.replace(false) {
        return None;
    }
    let taken = module.cx.attempt(|js| {
        let slot = module.slot.get(js);
        let (persist, values) = (
            slot.item(place::PERSIST)?.hold(),
            slot.item(place::VALUES)?.hold(),
        );
        slot.set_item(place::VALUES, js.undefined())?;
        Ok((persist, values))
    });
    taken.ok()
}
