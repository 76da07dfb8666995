//! One call of `accept` or `acceptExports`.

use std::cell::{OnceCell, RefCell};
use std::rc::Rc;

use rustc_hash::FxHashSet;

use crate::js::Held;

/// One call of `accept` or `acceptExports`.
pub struct Accept {
    /// What the call takes.
    pub what: What,
    /// The callback, if one was given.
    pub callback: Option<Held>,
    /// The error handler: webpack's third argument.
    pub on_error: Option<Held>,
    /// URLs of the targets that are known.
    urls: RefCell<FxHashSet<Rc<str>>>,
}

/// What a registration takes.
pub enum What {
    /// `accept()`
    Itself,
    /// `acceptExports(names)`
    Exports(Vec<Box<str>>),
    /// `accept("dep")`
    One(Target),
    /// `accept(["dep", …])`
    Many(Vec<Target>),
}

/// The target of a specifier. A specifier that leads nowhere yet is resolved again before each update.
pub struct Target {
    specifier: Box<str>,
    url: OnceCell<Rc<str>>,
}

impl Target {
    /// The target of a specifier that was not resolved yet.
    pub fn new(specifier: &str) -> Self {
        Self {
            specifier: Box::from(specifier),
            url: OnceCell::new(),
        }
    }

    /// URL of the target, if the specifier leads somewhere.
    pub fn url(&self) -> Option<&str> {
        self.url.get().map(|url| &**url)
    }

    fn look(&self, resolve: impl FnOnce(&str) -> Option<String>) -> Option<&Rc<str>> {
        if self.url.get().is_none()
            && let Some(url) = resolve(&self.specifier)
        {
            // The target cannot have been set since it was looked at above.
            let _ = self.url.set(Rc::from(url));
        }
        self.url.get()
    }
}

impl Accept {
    /// A call that takes this. Its targets are not resolved yet.
    pub fn new(what: What, callback: Option<Held>, on_error: Option<Held>) -> Self {
        Self {
            what,
            callback,
            on_error,
            urls: RefCell::default(),
        }
    }

    /// Resolves the specifiers whose targets are not known. Returns whether all are known now.
    pub fn look(&self, resolve: impl Fn(&str) -> Option<String>) -> bool {
        let mut urls = self.urls.borrow_mut();
        let mut are_known = true;
        for target in self.targets() {
            match target.look(&resolve) {
                Some(url) => drop(urls.insert(Rc::clone(url))),
                None => are_known = false,
            }
        }
        are_known
    }

    /// The dependencies that the call is about, in the order of the user's array.
    pub fn targets(&self) -> &[Target] {
        match &self.what {
            What::One(one) => std::slice::from_ref(one),
            What::Many(many) => many,
            What::Itself | What::Exports(_) => &[],
        }
    }

    /// Whether the call is about this dependency.
    pub fn takes(&self, url: &str) -> bool {
        self.urls.borrow().contains(url)
    }
}
