//! One call of `accept`: what it takes, and by which functions.

use std::cell::OnceCell;
use std::rc::Rc;

use crate::js::Held;

/// One call of `accept` or `acceptExports`.
pub struct Accept {
    /// What is taken.
    pub what: What,
    /// The callback.
    pub callback: Option<Held>,
    /// webpack's third argument.
    pub on_error: Option<Held>,
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

/// What a specifier leads to. One that leads nowhere yet is asked for again before each update.
pub struct Target {
    specifier: Box<str>,
    url: OnceCell<Rc<str>>,
}

impl Target {
    /// A target that is not known yet.
    pub fn new(specifier: &str) -> Self {
        Self {
            specifier: Box::from(specifier),
            url: OnceCell::new(),
        }
    }

    /// Its URL, if the specifier leads somewhere.
    pub fn url(&self) -> Option<&str> {
        self.url.get().map(|url| &**url)
    }

    /// Asks where the specifier leads, unless that is known.
    pub fn look(&self, resolve: impl FnOnce(&str) -> Option<String>) {
        if self.url.get().is_none()
            && let Some(url) = resolve(&self.specifier)
        {
            // Nobody has set it since.
            let _ = self.url.set(Rc::from(url));
        }
    }
}

impl Accept {
    /// What it is about, in the order of the array.
    pub fn targets(&self) -> &[Target] {
        match &self.what {
            What::One(one) => std::slice::from_ref(one),
            What::Many(many) => many,
            What::Itself | What::Exports(_) => &[],
        }
    }

    /// Whether it is about this dependency.
    pub fn takes(&self, url: &str) -> bool {
        self.targets().iter().any(|target| target.url() == Some(url))
    }
}
