//! The object `import.meta.hot` of one version, in CommonJS `module.hot`.
//!
//! The methods are native functions bound to the version, so that they also work when they are taken off the object. The
//! version keeps what they register, and drops it when it is replaced.

use std::path::Path;
use std::rc::Rc;

use super::accept::{Accept, Target, What};
use super::arguments::{event, function, optional, strings, wrong};
use super::updater::Updater;
use super::version::{Version, WatchRequest};
use crate::js::{Call, Held, Js, JsResult, State, Value};

/// The module system of a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `import.meta.hot`
    Module,
    /// `module.hot`: with webpack's methods as well.
    CommonJs,
}

type Body = for<'s> fn(&Bound, &Call<'s>) -> JsResult<'s>;

const METHODS: [(&str, u32, Body); 10] = [
    ("accept", 2, accept),
    ("acceptExports", 2, accept_exports),
    ("decline", 0, decline),
    ("dispose", 1, dispose),
    ("prune", 1, prune),
    ("invalidate", 1, invalidate),
    ("on", 2, on),
    ("off", 2, off),
    ("send", 2, send),
    ("watch", 2, watch),
];

const WEBPACK: [(&str, u32, Body); 2] = [
    ("addDisposeHandler", 1, add_dispose_handler),
    ("removeDisposeHandler", 1, remove_dispose_handler),
];

/// The values that the methods of one object are bound to.
struct Bound {
    updater: Rc<Updater>,
    version: Rc<Version>,
}

/// The unbound methods, made once per environment.
struct Methods {
    common: Vec<(&'static str, Held)>,
    webpack: Vec<(&'static str, Held)>,
    data: Held,
    set_data: Held,
    define_property: Held,
}

impl State for Methods {
    fn make(js: Js<'_>) -> JsResult<'_, Self> {
        let all = |specs: &[(&'static str, u32, Body)]| {
            let made = specs.iter().map(|(name, length, body)| {
                let method = method(js, name, *length, *body)?;
                Ok((*name, method))
            });
            made.collect::<JsResult<'_, Vec<_>>>()
        };
        Ok(Self {
            common: all(&METHODS)?,
            webpack: all(&WEBPACK)?,
            data: method(js, "data", 0, |bound, call| {
                Ok(bound.version.module.data(call.js).get(call.js))
            })?,
            set_data: method(js, "data", 1, |_, call| {
                let text = "import.meta.hot.data cannot be assigned: it is one object for all versions; \
                            set its properties";
                Err(call.js.error("TypeError", text))
            })?,
            define_property: js.global()?.get("Object")?.get("defineProperty")?.hold(),
        })
    }
}

fn method<'s>(js: Js<'s>, name: &'static str, length: u32, body: Body) -> JsResult<'s, Held> {
    let method = js.function(name, length, move |call| match call.this.native::<Bound>() {
        Some(bound) => body(&bound, call),
        None => Err(call.js.error("TypeError", "not import.meta.hot")),
    })?;
    Ok(method.hold())
}

/// Makes the object for a version.
pub fn context<'s>(js: Js<'s>, updater: &Rc<Updater>, version: &Rc<Version>, kind: Kind) -> JsResult<'s> {
    let methods = js.state::<Methods>()?;
    let bound = js.native_object(Rc::new(Bound {
        updater: Rc::clone(updater),
        version: Rc::clone(version),
    }))?;
    let context = js.object();
    let accessor = js.object();
    accessor.set("get", methods.data.get(js).bind(bound, &[])?)?;
    accessor.set("set", methods.set_data.get(js).bind(bound, &[])?)?;
    accessor.set("enumerable", js.boolean(true))?;
    let define = methods.define_property.get(js);
    define.call(js.undefined(), &[context, js.string("data"), accessor])?;
    let webpack = methods.webpack.iter().filter(|_| kind == Kind::CommonJs);
    for (name, method) in methods.common.iter().chain(webpack) {
        context.set(name, method.get(js).bind(bound, &[])?)?;
    }
    Ok(context)
}

const DEPENDENCIES: &str = "a callback, a specifier, or an array of specifiers";

fn accept<'s>(bound: &Bound, call: &Call<'s>) -> JsResult<'s> {
    let (js, first) = (call.js, call.arg(0));
    let (what, callback) = if first.is_undefined() || first.is_function() {
        (What::Itself, first.is_function().then(|| first.hold()))
    } else {
        let specifiers = strings("accept", "deps", DEPENDENCIES, first)?;
        let callback = optional(call, "accept", "callback", 1)?;
        let mut targets = specifiers.iter().map(|specifier| Target::new(specifier));
        let what = if first.is_array() {
            What::Many(targets.collect())
        } else {
            What::One(targets.next().unwrap_or_else(|| Target::new("")))
        };
        (what, callback)
    };
    let on_error = match what {
        What::Itself => None,
        _ => optional(call, "accept", "errorHandler", 2)?,
    };
    let accept = Rc::new(Accept::new(what, callback, on_error));
    bound.updater.accept(js, &bound.version, &accept);
    Ok(js.undefined())
}

fn accept_exports<'s>(bound: &Bound, call: &Call<'s>) -> JsResult<'s> {
    let expected = "the name of an export, or an array of names";
    let names = strings("acceptExports", "names", expected, call.arg(0))?;
    let callback = optional(call, "acceptExports", "callback", 1)?;
    let what = What::Exports(names.into_iter().map(String::into_boxed_str).collect());
    let accept = Rc::new(Accept::new(what, callback, None));
    bound.updater.accept(call.js, &bound.version, &accept);
    Ok(call.js.undefined())
}

#[expect(clippy::unnecessary_wraps, reason = "the type of native functions")]
fn decline<'s>(bound: &Bound, call: &Call<'s>) -> JsResult<'s> {
    bound.version.decline();
    Ok(call.js.undefined())
}

fn dispose<'s>(bound: &Bound, call: &Call<'s>) -> JsResult<'s> {
    bound.version.on_dispose(function(call, "dispose", 0)?);
    Ok(call.js.undefined())
}

fn add_dispose_handler<'s>(bound: &Bound, call: &Call<'s>) -> JsResult<'s> {
    bound.version.on_dispose(function(call, "addDisposeHandler", 0)?);
    Ok(call.js.undefined())
}

fn remove_dispose_handler<'s>(bound: &Bound, call: &Call<'s>) -> JsResult<'s> {
    function(call, "removeDisposeHandler", 0)?;
    bound.version.off_dispose(call.arg(0));
    Ok(call.js.undefined())
}

fn prune<'s>(bound: &Bound, call: &Call<'s>) -> JsResult<'s> {
    bound.version.on_prune(function(call, "prune", 0)?);
    Ok(call.js.undefined())
}

fn invalidate<'s>(bound: &Bound, call: &Call<'s>) -> JsResult<'s> {
    let message = call.arg(0);
    if !message.is_undefined() && message.text().is_none() {
        return wrong("invalidate", "message", "a string, or left out", message);
    }
    bound
        .updater
        .invalidate(call.js, &bound.version, message.text().as_deref());
    Ok(call.js.undefined())
}

fn on<'s>(bound: &Bound, call: &Call<'s>) -> JsResult<'s> {
    let event = event(call, "on")?;
    let listener = function(call, "on", 1)?;
    bound.updater.hot.listen(&bound.version, &event, listener);
    Ok(call.js.undefined())
}

fn off<'s>(bound: &Bound, call: &Call<'s>) -> JsResult<'s> {
    let event = event(call, "off")?;
    function(call, "off", 1)?;
    bound.version.unlisten(&event, call.arg(1));
    Ok(call.js.undefined())
}

fn send<'s>(bound: &Bound, call: &Call<'s>) -> JsResult<'s> {
    let event = event(call, "send")?;
    bound.updater.send(call.js, &event, call.arg(1));
    Ok(call.js.undefined())
}

fn watch<'s>(bound: &Bound, call: &Call<'s>) -> JsResult<'s> {
    let callback = optional(call, "watch", "callback", 1)?;
    let module = &bound.version.module;
    let folder = Path::new(&*module.path).parent().unwrap_or(Path::new("/"));
    let mut patterns = Vec::new();
    let given = call.arg(0);
    let items = if given.is_array() {
        given.items()?
    } else {
        vec![given]
    };
    for item in items {
        patterns.push(absolute(folder, &path_of(item)?));
    }
    for pattern in patterns {
        let callback = callback.clone();
        let request = Rc::new(WatchRequest { pattern, callback });
        if !bound.version.is_retired() {
            bound.updater.runner.watch(call.js, &bound.version, &request);
        }
    }
    Ok(call.js.undefined())
}

/// The path that the user gave as a path or as a `file:` URL.
fn path_of(item: Value<'_>) -> JsResult<'_, String> {
    let expected = "a path, a file: URL, or an array of those";
    let js = item.js();
    let text = item.text();
    let is_url = match &text {
        Some(text) => text.starts_with("file:"),
        None => item.instance_of(js.global()?.get("URL")?)?,
    };
    if is_url {
        let path = js.builtin("url")?.call_method("fileURLToPath", &[item]);
        return match path {
            Ok(path) => Ok(path.display()),
            Err(_) => wrong("watch", "paths", expected, item),
        };
    }
    match text {
        Some(text) if !text.is_empty() => Ok(text),
        _ => wrong("watch", "paths", expected, item),
    }
}

fn absolute(folder: &Path, pattern: &str) -> String {
    let joined = folder.join(pattern);
    crate::paths::normalize(&joined).to_string_lossy().into_owned()
}
