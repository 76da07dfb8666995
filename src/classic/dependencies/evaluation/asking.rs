//! Reads a call of Node's resolver: it shows a link, a file that is about to be read, or a missing file.

use std::path::Path;
use std::rc::Rc;

use super::{Begun, Evaluations, importer};
use crate::classic::dependencies::trouble;
use crate::js::{Call, JsResult, Value};
use crate::paths::is_foreign;
use crate::watch::Stamp;

impl Evaluations {
    /// Notes the link through which a call was resolved, if there is one.
    pub fn note_link<'s>(&self, call: &Call<'s>, path: Value<'s>) -> JsResult<'s, ()> {
        let (Some(request), Some(path)) = (call.arg(0).text(), path.text()) else {
            return Ok(());
        };
        if let Some(importer) = importer(call)?
            && let Some(folder) = Path::new(&*importer).parent()
            && let Some(link) = self.links.note(folder, &request, &path)
        {
            self.note_look(&link);
            self.has_news.set(true);
        }
        Ok(())
    }

    /// The file to which a call was resolved, if it is not loaded yet.
    pub fn asked_for<'s>(&self, call: &Call<'s>, path: Value<'s>) -> JsResult<'s, Option<Begun>> {
        if self.module(call.js)?.get("_cache")?.has_key(path)? {
            return Ok(None);
        }
        let path = path.text().filter(|path| !is_foreign(path));
        let Some(path) = path else { return Ok(None) };
        Ok(Some(Begun {
            path: Rc::from(path),
            importer: importer(call)?,
        }))
    }

    /// Notes that a call was resolved to no file: the file that requires awaits the places where one might be.
    pub fn asked_in_vain<'s>(&self, call: &Call<'s>, thrown: Value<'s>) -> JsResult<'s, ()> {
        if trouble::is_not_found(thrown)?
            && let Some(importer) = importer(call)?
        {
            let extensions = self.module(call.js)?.get("_extensions")?;
            let places = trouble::places_of_missing(extensions, thrown, &importer)?;
            self.note_missing(importer, places);
        }
        Ok(())
    }

    /// Notes that `importer` awaits a file at one of these places.
    pub fn note_missing(&self, importer: Rc<str>, places: Vec<String>) {
        let mut all_awaited = self.awaited.borrow_mut();
        let awaited = all_awaited.entry(importer).or_default();
        for place in places {
            if is_foreign(&place) || awaited.contains(place.as_str()) {
                continue;
            }
            let place: Rc<str> = Rc::from(place);
            self.note_look(&place);
            awaited.insert(place);
            self.has_news.set(true);
        }
    }

    /// Notes what a file looks like now.
    pub fn note_look(&self, path: &Rc<str>) {
        let stamp = Stamp::at_first_sight(Path::new(&**path));
        self.seen.borrow_mut().insert(Rc::clone(path), stamp);
    }
}
