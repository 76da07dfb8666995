//! A runner of vite-node with its emitter and entries, as long as a step is under way.

use std::cell::{Cell, OnceCell};
use std::rc::Rc;

use crate::js::{Call, Cx, Held, Js, JsResult, Value};

use super::door::ids::Roots;
use super::homes::{cache_of, emitter_home, runner_home};
use super::hot_cache::HotCache;
use super::state::RunnerState;

/// A runner with its emitter and entries, held while a step is under way.
#[derive(Clone)]
pub struct App {
    /// The right to use JavaScript.
    pub cx: Cx,
    /// The runner's native state.
    pub state: Rc<RunnerState>,
    runner: Held,
    emitter: Held,
    files: Held,
    roots: OnceCell<Roots>,
    /// The turns that this step has.
    pub turns: Rc<Turns>,
}

/// The turns that a message or reload has taken and not given back.
#[derive(Default)]
pub struct Turns {
    /// Whether it counts among the messages and reloads that are under way.
    pub message: Cell<bool>,
    /// Whether it counts among the reloads that are under way.
    pub reload: Cell<bool>,
}

impl App {
    /// # Errors
    /// A `TypeError` when `runner` is no object.
    pub fn new<'s>(runner: Value<'s>, emitter: Value<'s>, files: Value<'s>) -> JsResult<'s, Self> {
        let js = runner.js();
        let Some(state) = runner_home(runner)?.native::<RunnerState>() else {
            return Err(js.error("Error", "the state of this runner is not ours"));
        };
        Ok(Self {
            cx: Cx::new(js),
            state,
            runner: runner.hold(),
            emitter: emitter.hold(),
            files: files.hold(),
            roots: OnceCell::new(),
            turns: Rc::default(),
        })
    }

    /// The runner.
    pub fn runner<'s>(&self, js: Js<'s>) -> Value<'s> {
        self.runner.get(js)
    }

    /// The emitter; `undefined` in a `reload` that the user called.
    pub fn emitter<'s>(&self, js: Js<'s>) -> Value<'s> {
        self.emitter.get(js)
    }

    /// The entry files.
    pub fn files<'s>(&self, js: Js<'s>) -> Value<'s> {
        self.files.get(js)
    }

    /// The runner's record of maps.
    pub fn cache<'s>(&self, js: Js<'s>) -> JsResult<'s, HotCache<'s>> {
        cache_of(self.runner(js))
    }

    /// An option of the server of the emitter's plugin.
    pub fn server_option(&self, js: Js<'_>, name: &str) -> Option<String> {
        let home = emitter_home(self.emitter(js)).ok()?;
        let server = home.get("server").ok()?;
        server.get("config").ok()?.get(name).ok()?.text()
    }

    /// The folder and the public path that ids are relative to, from the runner or the server of the emitter's plugin.
    pub fn roots(&self, js: Js<'_>) -> &Roots {
        self.roots.get_or_init(|| self.read_roots(js))
    }

    fn read_roots(&self, js: Js<'_>) -> Roots {
        let runner = self.runner(js);
        let root = runner
            .get("root")
            .ok()
            .and_then(Value::text)
            .or_else(|| self.server_option(js, "root"));
        let base = runner
            .get("options")
            .ok()
            .and_then(|options| options.get("base").ok()?.text());
        Roots::new(
            root.as_deref(),
            base.or_else(|| self.server_option(js, "base")).as_deref(),
        )
    }
}

/// `getCache(runner)`.
pub fn get_cache<'s>(call: &Call<'s>) -> JsResult<'s> {
    cache_of(call.arg(0)).map(|cache| cache.0)
}
