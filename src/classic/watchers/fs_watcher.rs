//! `FSWatcher` and `ContentWatcher`: emit `update` when a file changes.

use std::path::Path;

use super::files::Files;
use super::{NOOP_WATCHER, WATCHER};
use crate::classic::engine_require;
use crate::classic::inspect;
use crate::classic::resolve::{self, Resolver, Way};
use crate::error::HmrError;
use crate::files::{Delivery, options};
use crate::js::{Call, ClassSpec, Held, Js, JsResult, MethodSpec, State, Value, define_class};
use crate::watch::WatchKey;

const REQUIRE: &str = "a require function: only its `resolve` is used, to find the file of an id";

/// The class `FSWatcher`: emits `update` for every save.
const FS_WATCHER: ClassSpec = ClassSpec {
    name: "FSWatcher",
    length: 1,
    constructor: |call| construct(call, "FSWatcher", |classes| &classes.fs),
    methods: &[("watch", 1, watch)],
    statics: &[],
};

/// The class `ContentWatcher`: emits `update` when the content of a file has changed.
const CONTENT_WATCHER: ClassSpec = ClassSpec {
    name: "ContentWatcher",
    length: 1,
    constructor: |call| construct(call, "ContentWatcher", |classes| &classes.content),
    methods: &[] as &[MethodSpec],
    statics: &[],
};

/// The watcher classes.
pub struct WatcherClasses {
    /// `Watcher`
    pub base: Held,
    /// `FSWatcher`
    pub fs: Held,
    /// `ContentWatcher`
    pub content: Held,
    /// `NoopWatcher`
    pub noop: Held,
}

impl State for WatcherClasses {
    fn make(js: Js<'_>) -> JsResult<'_, Self> {
        let base = define_class(js, &WATCHER, Some(js.builtin("events")?))?;
        let fs = define_class(js, &FS_WATCHER, Some(base))?;
        inspect::show(fs, inspect)?;
        Ok(Self {
            base: base.hold(),
            fs: fs.hold(),
            content: define_class(js, &CONTENT_WATCHER, Some(fs))?.hold(),
            noop: define_class(js, &NOOP_WATCHER, Some(base))?.hold(),
        })
    }
}

/// The unbound `unwatch`; `FSWatcher.watch` binds the watch's key to it.
pub struct Unwatch(Held);

impl State for Unwatch {
    fn make(js: Js<'_>) -> JsResult<'_, Self> {
        Ok(Self(js.function("unwatch", 0, unwatch)?.hold()))
    }
}

fn construct<'s>(call: &Call<'s>, class: &str, own: fn(&WatcherClasses) -> &Held) -> JsResult<'s> {
    let js = call.js;
    let require = engine_require::take(call.arg(0))?;
    // A subclass may call `super()` without a `require` and override `watch`.
    let own = own(&*js.state::<WatcherClasses>()?).get(js);
    let is_subclass = call.new_target.is_some_and(|target| !target.same(own));
    if !(is_subclass && require.is_undefined() || Resolver::of(require)?.is_some()) {
        return Err(HmrError::argument(class, "require", REQUIRE, require).thrown(js));
    }
    js.builtin("events")?.call(call.this, &[])?;
    options::check(class, call.arg(1))?;
    call.this.define_hidden(js.string("require"), require)?;
    call.this
        .define_hidden(js.string("options"), options::kept(call.arg(1))?)?;
    Ok(call.this)
}

fn watch<'s>(call: &Call<'s>) -> JsResult<'s> {
    let (js, this) = (call.js, call.this);
    let Some(id) = call.arg(0).text() else {
        let expected = "a string: the module's id, as `require` takes it";
        return Err(HmrError::argument("FSWatcher.watch", "id", expected, call.arg(0)).thrown(js));
    };
    let require = this.get("require")?;
    let Some(resolver) = Resolver::of(require)? else {
        return Err(HmrError::argument("FSWatcher", "require", REQUIRE, require).thrown(js));
    };
    let path = resolver.resolve(&id, "FSWatcher")?;
    let way = resolve::way_to(resolver, &id, &path);
    watch_found(this, &id, &path, &way)
}

/// Watches the file at `path`, to which the id was resolved in this `way`. Returns `unwatch`.
pub fn watch_found<'s>(watcher: Value<'s>, id: &str, path: &str, way: &Way) -> JsResult<'s> {
    let js = watcher.js();
    let path = match way {
        Way::Link(link) => link,
        Way::Direct | Way::Decided => Path::new(path),
    };
    let key = match Files::of(watcher)?.watch(id, path)? {
        Some(key) => js.number(key.number()),
        None => js.undefined(),
    };
    // Binding takes a tenth of the time of making a native function.
    js.state::<Unwatch>()?.0.get(js).bind(js.undefined(), &[key])
}

/// The body of `unwatch`: ends the watch whose key is bound to it, if there is one.
fn unwatch<'s>(call: &Call<'s>) -> JsResult<'s> {
    if let Some(number) = call.arg(0).as_number() {
        call.js
            .state::<Delivery>()?
            .unwatch(call.js, WatchKey::of_number(number));
    }
    Ok(call.js.undefined())
}

/// Whether this watcher's `watch` is our own, and not overridden.
pub fn is_ours(watcher: Value<'_>) -> JsResult<'_, bool> {
    let js = watcher.js();
    let class = js.state::<WatcherClasses>()?.fs.get(js);
    Ok(watcher.instance_of(class)? && watcher.get("watch")?.same(class.get("prototype")?.get("watch")?))
}

/// `util.inspect` of a watcher: the ids it watches.
fn inspect<'s>(call: &Call<'s>) -> JsResult<'s> {
    let js = call.js;
    let view = inspect::own_view(call.this)?;
    let ids: Vec<_> = js
        .state::<Delivery>()?
        .watched_by(call.this)
        .iter()
        .map(|id| js.string(id))
        .collect();
    view.set("watching", js.array(&ids))?;
    inspect::as_class(call, view)
}
