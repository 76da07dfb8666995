//! A runner of vite-node, with its state, emitter and entries.

use std::cell::{OnceCell, RefCell};
use std::rc::Rc;

use crate::js::{Call, Cx, Held, Js, JsResult, Timers, Value};

use super::hot_cache::HotCache;
use super::ids::Roots;
use super::state::RunnerState;

/// The state of the `./vite-node` entry in one environment.
pub struct Hot {
    /// A `WeakMap` from runners and emitters to their homes. A home is an object with the state that belongs to one of them.
    pub(super) homes: RefCell<Held>,
    pub(super) methods: RefCell<Option<Rc<Methods>>>,
    pub(super) timers: RefCell<Option<Rc<Timers>>>,
}

impl Hot {
    /// The methods of hot contexts; `None` once the environment goes.
    pub fn methods(&self) -> Option<Rc<Methods>> {
        self.methods.borrow().clone()
    }

    /// Node's timers; `None` once the environment goes.
    pub fn timers(&self) -> Option<Rc<Timers>> {
        self.timers.borrow().clone()
    }

    /// The home of `object`. `make` makes it at the first call.
    pub fn home<'s>(&self, object: Value<'s>, make: impl FnOnce() -> JsResult<'s>) -> JsResult<'s> {
        let homes = self.homes.borrow().clone().get(object.js());
        let home = homes.call_method("get", &[object])?;
        if home.is_object() {
            return Ok(home);
        }
        let home = make()?;
        homes.call_method("set", &[object, home])?;
        Ok(home)
    }

    /// The home of a runner: native state, and the record that `getCache` shows as `cache`.
    fn runner_home<'s>(&self, runner: Value<'s>) -> JsResult<'s> {
        let js = runner.js();
        if !runner.is_object() {
            return Err(js.error(
                "TypeError",
                &format!("expected a runner, got {}", runner.display()),
            ));
        }
        self.home(runner, || {
            let home = js.native_object(Rc::new(RunnerState::default()))?;
            home.set("cache", HotCache::create(js)?)?;
            Ok(home)
        })
    }

    /// The state of a runner.
    pub fn cache<'s>(&self, runner: Value<'s>) -> JsResult<'s, HotCache<'s>> {
        Ok(HotCache(self.runner_home(runner)?.get("cache")?))
    }
}

/// The unbound methods of hot contexts, made once.
pub struct Methods {
    pub(super) data: Held,
    pub(super) by_name: Vec<(&'static str, Held)>,
    pub(super) with_module: Held,
    pub(super) ignore: Held,
    pub(super) define_property: Held,
}

/// A runner with its emitter and entries, held while a step is under way.
#[derive(Clone)]
pub struct App {
    /// The right to use JavaScript.
    pub cx: Cx,
    /// The entry's own state.
    pub hot: Rc<Hot>,
    /// The runner's native state.
    pub state: Rc<RunnerState>,
    runner: Held,
    emitter: Held,
    files: Held,
    roots: OnceCell<Roots>,
}

impl App {
    /// # Errors
    /// A `TypeError` when `runner` is no object.
    pub fn new<'s>(
        hot: &Rc<Hot>,
        runner: Value<'s>,
        emitter: Value<'s>,
        files: Value<'s>,
    ) -> JsResult<'s, Self> {
        let js = runner.js();
        let Some(state) = hot.runner_home(runner)?.native::<RunnerState>() else {
            return Err(js.error("Error", "the state of this runner is not ours"));
        };
        Ok(Self {
            cx: Cx::new(js),
            hot: Rc::clone(hot),
            state,
            runner: runner.hold(),
            emitter: emitter.hold(),
            files: files.hold(),
            roots: OnceCell::new(),
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
        self.hot.cache(self.runner(js))
    }

    /// An option of the server of the emitter's plugin.
    pub fn server_option(&self, js: Js<'_>, name: &str) -> Option<String> {
        let home = self.hot.emitter_home(self.emitter(js)).ok()?;
        let server = home.get("server").ok()?;
        server.get("config").ok()?.get(name).ok()?.text()
    }

    /// The folders and URLs that ids are relative to, from the runner or the server of the emitter's plugin.
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
pub fn get_cache<'s>(hot: &Rc<Hot>, call: &Call<'s>) -> JsResult<'s> {
    hot.cache(call.arg(0)).map(|cache| cache.0)
}
