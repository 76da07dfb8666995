//! A runner with all that belongs to it.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use crate::js::{Call, Cx, Faint, Held, Js, JsResult, State, Timers, Value};

use super::changes::Applied;
use super::disposing::Disposing;
use super::hot_cache::HotCache;
use super::hot_context::Methods;
use super::ids::Roots;
use super::reload_queue::ReloadQueue;
use super::update_queue::UpdateQueue;
use super::versions::Versions;

/// What the entry keeps for one load of the addon.
pub struct Hot {
    /// A `WeakMap` from runners and emitters to their homes: objects with the state that belongs to them.
    homes: RefCell<Held>,
    methods: RefCell<Option<Rc<Methods>>>,
    timers: RefCell<Option<Rc<Timers>>>,
}

/// The opened entry of an environment. Its methods refer back to it, so it is emptied when the environment goes.
#[derive(Default)]
struct Opened(RefCell<Option<Rc<Hot>>>);

impl State for Opened {
    fn make(_: Js<'_>) -> JsResult<'_, Self> {
        Ok(Self::default())
    }

    fn close(&self) {
        if let Some(hot) = self.0.take() {
            hot.methods.take();
            hot.timers.take();
            hot.homes.replace(Held::undefined());
        }
    }
}

impl Hot {
    /// Prepares the entry.
    pub fn open(js: Js<'_>) -> JsResult<'_, Rc<Self>> {
        let homes = js.global()?.get("WeakMap")?.construct(&[])?.hold();
        let hot = Rc::new(Self {
            homes: RefCell::new(homes),
            methods: RefCell::new(None),
            timers: RefCell::new(Some(js.state()?)),
        });
        let methods = Rc::new(Methods::new(js, &hot)?);
        *hot.methods.borrow_mut() = Some(methods);
        *js.state::<Opened>()?.0.borrow_mut() = Some(Rc::clone(&hot));
        Ok(hot)
    }

    /// The methods of hot contexts; `None` once the environment goes.
    pub fn methods(&self) -> Option<Rc<Methods>> {
        self.methods.borrow().clone()
    }

    /// Node's timers; `None` once the environment goes.
    pub fn timers(&self) -> Option<Rc<Timers>> {
        self.timers.borrow().clone()
    }

    /// The home of `object`, made by `make` when it has none yet.
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

/// What native code remembers about a runner. It refers to no JavaScript value unless a step is under way.
#[derive(Default)]
pub struct RunnerState {
    /// Who runs, who waits.
    pub queue: UpdateQueue,
    /// Modules that are being run again, the latest last.
    pub versions: RefCell<Vec<Rc<Versions>>>,
    /// Which reloads are under way.
    pub reloads: ReloadQueue,
    /// Which disposers are.
    pub disposing: Disposing,
    /// Whether the last reload failed: nothing is certainly loaded then, so nothing is ignored.
    pub reload_failed: Cell<bool>,
    /// Promises of entries that are known to have been fulfilled, weakly.
    pub sound: RefCell<Vec<Faint>>,
    /// Modules whose latest version failed. What they register is what the last good version did.
    pub failed: RefCell<HashSet<String>>,
    /// Who imports the modules that ran again, of those that did not: a runner tells only of imports since then.
    pub importers: RefCell<HashMap<String, Vec<String>>>,
    /// Which edits have been applied.
    pub applied: RefCell<Applied>,
    /// The module whose `invalidate` led to the callbacks that run now.
    pub first_invalidated_by: RefCell<Option<String>>,
    /// Counts messages and reloads, so that what came before what can be told.
    moment: Cell<u64>,
}

impl RunnerState {
    /// A moment after all that were asked for before.
    pub fn next_moment(&self) -> u64 {
        self.moment.set(self.moment.get() + 1);
        self.moment.get()
    }
}

/// A runner with its emitter and entries, held while a step is under way.
#[derive(Clone)]
pub struct App {
    /// The right to use JavaScript.
    pub cx: Cx,
    /// The entry's own state.
    pub hot: Rc<Hot>,
    /// Native state of the runner.
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

    /// The maps of the runner.
    pub fn cache<'s>(&self, js: Js<'s>) -> JsResult<'s, HotCache<'s>> {
        self.hot.cache(self.runner(js))
    }

    /// An option of the server of the emitter's plugin.
    pub fn server_option(&self, js: Js<'_>, name: &str) -> Option<String> {
        let home = self.hot.emitter_home(self.emitter(js)).ok()?;
        let server = home.get("server").ok()?;
        server.get("config").ok()?.get(name).ok()?.text()
    }

    /// What ids are relative to: the runner says, or the server of the emitter's plugin.
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
