//! `import.meta.hot` of one module.
//!
//! The methods are native functions bound to `[runner, emitter, files, owner, listeners]`. The bound values belong to the
//! JavaScript functions, so a context is collected with its module, and a method also works when it is taken off the context.

use crate::hot::event;
use crate::js::{Call, Held, Js, JsResult, State, Value, settled, spawn_detached};

use super::app::App;
use super::homes::cache_of;
use super::hot_cache::{HotCache, Table, add_to, is_retired, remove_from};
use super::listeners;
use super::outbox;
use super::reload;
use crate::report;

type Body = for<'s> fn(&Context<'s>, &Call<'s>) -> JsResult<'s>;

const METHODS: [(&str, u32, Body); 9] = [
    ("accept", 2, accept),
    ("acceptExports", 2, accept_exports),
    ("dispose", 1, dispose),
    ("prune", 1, prune),
    // Vite keeps `decline` for old code. It does nothing there either.
    ("decline", 0, |_, call| Ok(call.js.undefined())),
    ("invalidate", 1, invalidate),
    ("on", 2, on),
    ("off", 2, off),
    ("send", 2, send),
];

/// The unbound methods of hot contexts, made once.
pub struct Methods {
    data: Held,
    by_name: Vec<(&'static str, Held)>,
    with_module: Held,
    ignore: Held,
    define_property: Held,
}

impl State for Methods {
    fn make(js: Js<'_>) -> JsResult<'_, Self> {
        let method = |name: &str, length, body: Body| {
            js.function(name, length, move |call| body(&Context::of(call)?, call))
                .map(Value::hold)
        };
        let mut by_name = Vec::new();
        for (name, length, body) in METHODS {
            by_name.push((name, method(name, length, body)?));
        }
        Ok(Self {
            data: method("data", 0, |context, _| context.cache.data()?.get(context.owner))?,
            by_name,
            with_module: js.function("", 2, call_with_module)?.hold(),
            ignore: js.function("", 0, |call| Ok(call.js.undefined()))?.hold(),
            define_property: js.global()?.get("Object")?.get("defineProperty")?.hold(),
        })
    }
}

/// `createHotContext(runner, emitter, files, ownerPath)`.
pub fn create_hot_context<'s>(call: &Call<'s>) -> JsResult<'s> {
    let (js, runner, owner) = (call.js, call.arg(0), call.arg(3));
    let app = App::new(runner, call.arg(1), call.arg(2))?;
    let cache = app.cache(js)?;
    if !cache.data()?.has(owner)? {
        cache.data()?.set(owner, js.object())?;
    }
    let running = app.state.versions.borrow().clone();
    let tables = [cache.contexts()?, cache.hot_modules()?, cache.prune_callbacks()?];
    let is_replaced = tables
        .into_iter()
        .map(|table| table.has(owner))
        .collect::<JsResult<'_, Vec<_>>>()?
        .contains(&true);
    let aside = if is_replaced {
        cache.set_aside(owner)?
    } else {
        js.undefined()
    };
    if let Some(owner) = owner.text() {
        for versions in running {
            versions.created(owner.clone(), is_replaced.then(|| aside.hold()));
        }
    }
    let listeners = js.map()?;
    cache.contexts()?.set(owner, listeners)?;

    let methods = js.state::<Methods>()?;
    let bound = js.array(&[runner, call.arg(1), call.arg(2), owner, listeners]);
    let context = js.object();
    let getter = js.object();
    getter.set("get", methods.data.get(js).bind(bound, &[])?)?;
    getter.set("enumerable", js.boolean(true))?;
    getter.set("configurable", js.boolean(true))?;
    let define_property = methods.define_property.get(js);
    define_property.call(js.undefined(), &[context, js.string("data"), getter])?;
    for (name, method) in &methods.by_name {
        context.set(name, method.get(js).bind(bound, &[])?)?;
    }
    Ok(context)
}

/// The values that a method is bound to.
struct Context<'s> {
    cache: HotCache<'s>,
    runner: Value<'s>,
    emitter: Value<'s>,
    files: Value<'s>,
    owner: Value<'s>,
    listeners: Value<'s>,
}

impl<'s> Context<'s> {
    fn of(call: &Call<'s>) -> JsResult<'s, Self> {
        let bound = call.this.items()?;
        let [runner, emitter, files, owner, listeners] = bound[..] else {
            return Err(call.js.error("TypeError", "not a hot context"));
        };
        Ok(Self {
            cache: cache_of(runner)?,
            runner,
            emitter,
            files,
            owner,
            listeners,
        })
    }

    /// Whether this is the owner's present context. A context that was dropped without a successor counts again, unless its
    /// module has run again and made none.
    fn is_current(&self) -> JsResult<'s, bool> {
        let current = self.cache.contexts()?.get(self.owner)?;
        if current.is_undefined() {
            if is_retired(self.listeners)? {
                return Ok(false);
            }
            self.cache.contexts()?.set(self.owner, self.listeners)?;
            return Ok(true);
        }
        Ok(current.same(self.listeners))
    }

    fn accept_deps(&self, deps: Value<'s>, function: Value<'s>) -> JsResult<'s> {
        let js = deps.js();
        if !self.is_current()? {
            return Ok(js.undefined());
        }
        let modules = self.cache.hot_modules()?;
        let mut module = modules.get(self.owner)?;
        if !module.is_object() {
            module = js.object();
            module.set("id", self.owner)?;
            module.set("callbacks", js.array(&[]))?;
            modules.set(self.owner, module)?;
        }
        let callback = js.object();
        callback.set("deps", deps)?;
        callback.set("fn", function)?;
        module.get("callbacks")?.call_method("push", &[callback])?;
        Ok(js.undefined())
    }

    /// Accepts one module: the user's function gets that module itself.
    fn accept_one(&self, dep: Value<'s>, function: Value<'s>) -> JsResult<'s> {
        let js = dep.js();
        let with_module = js.state::<Methods>()?.with_module.get(js);
        let with_module = with_module.bind(js.undefined(), &[function])?;
        self.accept_deps(js.array(&[dep]), with_module)
    }

    fn register(&self, table: Table<'s>, function: Value<'s>) -> JsResult<'s> {
        if self.is_current()? {
            table.set(self.owner, function)?;
        }
        Ok(function.js().undefined())
    }
}

/// `([module]) => function?.(module)`, bound to the function.
fn call_with_module<'s>(call: &Call<'s>) -> JsResult<'s> {
    let function = call.arg(0);
    if !function.is_function() {
        return Ok(call.js.undefined());
    }
    let modules = call.arg(1);
    let module = if modules.is_object() {
        modules.get("0")?
    } else {
        call.js.undefined()
    };
    function.call(call.js.undefined(), &[module])
}

fn accept<'s>(context: &Context<'s>, call: &Call<'s>) -> JsResult<'s> {
    let (deps, function) = (call.arg(0), call.arg(1));
    if deps.is_function() || !deps.truthy() {
        return context.accept_one(context.owner, deps);
    }
    if deps.text().is_some() {
        return context.accept_one(deps, function);
    }
    let is_array = call.js.global()?.get("Array")?.call_method("isArray", &[deps])?;
    if !is_array.truthy() {
        return Err(call.js.error("TypeError", "invalid hot.accept() usage."));
    }
    if function.is_function() {
        return context.accept_deps(deps, function);
    }
    context.accept_deps(deps, call.js.state::<Methods>()?.ignore.get(call.js))
}

fn accept_exports<'s>(context: &Context<'s>, call: &Call<'s>) -> JsResult<'s> {
    context.accept_one(context.owner, call.arg(1))
}

fn dispose<'s>(context: &Context<'s>, call: &Call<'s>) -> JsResult<'s> {
    context.register(context.cache.disposers()?, call.arg(0))
}

fn prune<'s>(context: &Context<'s>, call: &Call<'s>) -> JsResult<'s> {
    context.register(context.cache.prune_callbacks()?, call.arg(0))
}

/// Tells the listeners of `vite:invalidate`, and reloads without waiting for a message, since the callback of a message may
/// wait for this reload.
fn invalidate<'s>(context: &Context<'s>, call: &Call<'s>) -> JsResult<'s> {
    let js = call.js;
    let app = App::new(context.runner, context.emitter, context.files)?;
    let first = app.state.first_invalidated_by.borrow().clone();
    let detail = js.object();
    detail.set("path", context.owner)?;
    detail.set("message", call.arg(0))?;
    detail.set(
        "firstInvalidatedBy",
        first.map_or(context.owner, |first| js.string(&first)),
    )?;
    let (telling, detail) = (app.clone(), detail.hold());
    let event = js.string(event::INVALIDATE).hold();
    spawn_detached(
        js,
        async move { listeners::notify(&telling, &event, &detail).await },
    );

    let reloaded = reload::start(js, app.clone(), context.owner.text())?;
    let (promise, owner) = (reloaded.hold(), context.owner.display());
    // Code that awaits the promise gets the error from it. For other code the error is reported here, so that the process
    // does not crash.
    spawn_detached(js, async move {
        if let Err(thrown) = settled(&app.cx, promise).await {
            let text = format!("the reload that {owner} asked for failed");
            app.cx
                .with(|js| report::vite_node::error(js, &text, Some(thrown.get(js))));
        }
    });
    Ok(reloaded)
}

fn on<'s>(context: &Context<'s>, call: &Call<'s>) -> JsResult<'s> {
    if context.is_current()? {
        add_to(context.cache.listeners()?, call.arg(0), call.arg(1))?;
        add_to(Table(context.listeners), call.arg(0), call.arg(1))?;
    }
    Ok(call.js.undefined())
}

/// Removes the function as often as this context has registered it, as another module may share it. A function that no module
/// has registered was put into the map by hand, and is removed as well.
fn off<'s>(context: &Context<'s>, call: &Call<'s>) -> JsResult<'s> {
    let (event, function) = (call.arg(0), call.arg(1));
    let is_current = context.is_current()?;
    while remove_from(Table(context.listeners), event, function)? {
        if is_current {
            remove_from(context.cache.listeners()?, event, function)?;
        }
    }
    if is_current && !context.cache.is_registered(event, function)? {
        while remove_from(context.cache.listeners()?, event, function)? {}
    }
    Ok(call.js.undefined())
}

fn send<'s>(context: &Context<'s>, call: &Call<'s>) -> JsResult<'s> {
    let app = App::new(context.runner, context.emitter, context.files)?;
    outbox::send(&app, call.js, call.arg(0), call.arg(1))?;
    Ok(call.js.undefined())
}
