//! `FSWatcher` and `ContentWatcher`: file changes as `update` events.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::delivery::Asking;
use super::options;
use crate::addon::{Addon, Classes};
use crate::error::HmrError;
use crate::inspect;
use crate::js::{Call, ClassSpec, Held, JsResult, MethodSpec, Value};
use crate::resolve::{self, Resolver, Way};
use crate::watch::{LoadedFile, WatchKey};

const REQUIRE: &str = "a require function: only its `resolve` is used, to find the file of an id";

/// Emits `update` for every save.
pub const FS_WATCHER: ClassSpec = ClassSpec {
    name: "FSWatcher",
    length: 1,
    constructor: |call| construct(call, "FSWatcher", |classes| &classes.fs_watcher),
    methods: &[("watch", 1, watch)],
    statics: &[],
};

/// Emits `update` when the content changed.
pub const CONTENT_WATCHER: ClassSpec = ClassSpec {
    name: "ContentWatcher",
    length: 1,
    constructor: |call| construct(call, "ContentWatcher", |classes| &classes.content_watcher),
    methods: &[] as &[MethodSpec],
    statics: &[],
};

fn construct<'s>(call: &Call<'s>, class: &str, own: fn(&Classes) -> &Held) -> JsResult<'s> {
    let js = call.js;
    let require = Addon::of(js)?.require_of(call.arg(0))?;
    // A subclass may call `super()` and bring its own way to resolve.
    let own = own(&Addon::of(js)?.classes).get(js);
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
    let addon = Addon::of(js)?;
    let known = addon.resolved.take();
    let known = known.filter(|it| it.id == id && it.require.get(js).same(require));
    let (path, way) = if let Some(known) = known {
        (known.path, known.way)
    } else {
        let path = resolver.resolve(&id, "FSWatcher")?;
        let way = resolve::way_to(resolver, &id, &path);
        (path, way)
    };
    let path = match way {
        Way::Link(link) => link,
        Way::Direct | Way::Decided => PathBuf::from(path),
    };
    let key = match Files::of(this)?.watch(&id, &path)? {
        Some(key) => js.number(key.number()),
        None => js.undefined(),
    };
    // A tenth of what a native function of its own takes.
    addon.unwatch.get(js).bind(js.undefined(), &[key])
}

/// Ends the watch that is bound to it, if any.
pub fn unwatch<'s>(call: &Call<'s>) -> JsResult<'s> {
    if let Some(number) = call.arg(0).as_number() {
        Addon::of(call.js)?
            .delivery
            .unwatch(call.js, WatchKey::of_number(number));
    }
    Ok(call.js.undefined())
}

/// What a watcher of ours, or an object with `options` and `emit`, needs to watch files, many if need be.
pub struct Files<'s> {
    given: Value<'s>,
    asking: Rc<Asking>,
}

impl<'s> Files<'s> {
    pub fn of(watcher: Value<'s>) -> JsResult<'s, Self> {
        let addon = Addon::of(watcher.js())?;
        let given = watcher.get("options")?;
        // A watcher without options asks for the same each time, and what the environment says is slow to read.
        if !given.is_object()
            && let Some(asking) = addon.delivery.asked_last_by(watcher)
        {
            return Ok(Self { given, asking });
        }
        let only_content = watcher.instance_of(addon.classes.content_watcher.get(watcher.js()))?;
        let asking = Rc::new(Asking {
            watcher: watcher.hold(),
            options: options::read("FSWatcher", given, only_content)?,
            by_default: !given.is_object(),
        });
        Ok(Self { given, asking })
    }

    /// From now on the watcher emits `update` with the id when the file changes, which need not exist. Nothing is
    /// watched that the watcher's options leave alone.
    pub fn watch(&self, id: &str, path: &Path) -> JsResult<'s, Option<WatchKey>> {
        if options::ignores(self.given, path)? {
            return Ok(None);
        }
        let js = self.given.js();
        let delivery = &Addon::of(js)?.delivery;
        delivery.watch(js, &self.asking, id, path).map(Some)
    }
}

impl<'s> Files<'s> {
    /// The same for files that were loaded already, whose ids are their paths. Whatever the watcher's options leave
    /// alone has no key.
    pub fn watch_loaded(&self, files: Vec<LoadedFile<'_>>) -> JsResult<'s, Vec<Option<WatchKey>>> {
        let mut is_watched = Vec::with_capacity(files.len());
        for file in &files {
            is_watched.push(!options::ignores(self.given, file.path)?);
        }
        let mut wanted = is_watched.iter();
        let mut files = files;
        files.retain(|_| wanted.next().is_some_and(|wanted| *wanted));
        let js = self.given.js();
        let delivery = &Addon::of(js)?.delivery;
        let mut keys = delivery.watch_loaded(js, &self.asking, &files)?.into_iter();
        Ok(is_watched
            .into_iter()
            .map(|yes| if yes { keys.next() } else { None })
            .collect())
    }
}

/// Whether `watch` of this watcher is ours and not a subclass's.
pub fn is_ours(watcher: Value<'_>) -> JsResult<'_, bool> {
    let js = watcher.js();
    let class = Addon::of(js)?.classes.fs_watcher.get(js);
    Ok(watcher.instance_of(class)? && watcher.get("watch")?.same(class.get("prototype")?.get("watch")?))
}

/// `util.inspect` of a watcher: the ids it watches.
pub fn inspect<'s>(call: &Call<'s>) -> JsResult<'s> {
    let js = call.js;
    let view = inspect::own_view(call.this)?;
    let ids: Vec<_> = Addon::of(js)?
        .delivery
        .watched_by(call.this)
        .iter()
        .map(|id| js.string(id))
        .collect();
    view.set("watching", js.array(&ids))?;
    inspect::as_class(call, view)
}
