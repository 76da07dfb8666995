//! Opens an environment for a hot program, and runs the program's entry.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::doors;
use super::entry::Program;
use super::events::Events;
use super::host::{ColdRun, HotRun};
use super::options::{self, ProgramOptions};
use super::owners::Owners;
use super::preloaded;
use super::resources::Resources;
use super::restart;
use super::update::{HotProgram, Matches, Rules};
use crate::es::load::cache::{Cache, cache_folder};
use crate::es::resolve::{FileSet, Options as ResolveOptions};
use crate::es::{Engine, Plain, Setup, node_arguments, options_of_node};
use crate::js::{Call, Cx, Held, Js, JsResult, MethodSpec, Value, spawn};
use crate::report;

/// The functions that `bin/`, `register.mjs` and facades call.
pub const FUNCTIONS: [MethodSpec; 16] = [
    ("openProgram", 2, open_program),
    ("runProgram", 1, run_program),
    ("unsettledModules", 0, unsettled_modules),
    ("programIsHot", 0, |call| {
        let program = call.js.state::<Program>()?;
        let is_hot = program.hot.borrow().is_some() && !program.is_stopped.get();
        Ok(call.js.boolean(is_hot))
    }),
    ("keepProgramAlive", 0, keep_program_alive),
    ("letProgramEnd", 0, let_program_end),
    ("programHasFailed", 0, |call| {
        let hot = call.js.state::<Program>()?.hot.borrow().clone();
        if let Some(hot) = hot {
            hot.wait_for_start(true);
        }
        Ok(call.js.undefined())
    }),
    ("closeProgram", 0, close_program),
    ("onEntry", 1, |call| {
        let program = call.js.state::<Program>()?;
        *program.on_entry.borrow_mut() = Some(call.arg(0).hold());
        Ok(call.js.undefined())
    }),
    ("onProgramSave", 1, |call| {
        call.js.state::<Events>()?.on_save(call.arg(0).hold());
        Ok(call.js.undefined())
    }),
    ("entryExport", 0, |call| {
        call.js.state::<Program>()?.entry_export(call.js)
    }),
    ("disposeProgram", 0, dispose_program),
    ("openThread", 1, open_thread),
    ("keepFacade", 2, doors::keep),
    ("resolveHook", 3, doors::resolve_hook),
    ("loadHook", 3, doors::load_hook),
];

/// `keepProgramAlive()`: lets the watches of the command keep the process alive. Returns whether they do.
fn keep_program_alive<'s>(call: &Call<'s>) -> JsResult<'s> {
    let program = call.js.state::<Program>()?;
    let hot = program.hot.borrow().clone();
    let by_command = program.options().is_some_and(|options| options.by_command);
    let keeps = by_command && !program.is_stopped.get() && !program.may_end.get();
    let hot = hot.filter(|_| keeps);
    if let Some(hot) = &hot {
        hot.keep_alive(call.js, true);
    }
    Ok(call.js.boolean(hot.is_some()))
}

/// `letProgramEnd()`: from now on no watch keeps the process alive, since a listener of the program's own was asked to end it.
fn let_program_end<'s>(call: &Call<'s>) -> JsResult<'s> {
    let program = call.js.state::<Program>()?;
    program.may_end.set(true);
    if let Some(hot) = &*program.hot.borrow() {
        hot.keep_alive(call.js, false);
    }
    Ok(call.js.undefined())
}

/// `openProgram(places, flags)`: reads the options and lets hot modules run in this environment. Once.
fn open_program<'s>(call: &Call<'s>) -> JsResult<'s> {
    let js = call.js;
    let (places, flags) = (call.arg(0), call.arg(1));
    let program = js.state::<Program>()?;
    if program.options().is_some() {
        return Ok(js.undefined());
    }
    let entry = entry_of(js, flags)?;
    let options = options::read(folder_of(&entry), flags)?;
    program.entry.borrow_mut().clone_from(&entry);
    let ours = usize::from(!flags.get("command")?.truthy());
    let mut loaded = preloaded::files(js, &node_arguments(js)?, ours)?;
    loaded.extend(own_files(&places.get("folder")?.text().unwrap_or_default()));
    set_up(js, &options, &entry, loaded)?;
    let data = js.object();
    data.set("places", places)?;
    data.set("flags", flags)?;
    let options = Rc::new(options);
    if options.watch {
        *program.hot.borrow_mut() = Some(start_hot(js, &options)?);
        let folder = places.get("folder")?.text().unwrap_or_default();
        let scripts = Path::new(&folder).join("bin").join("").display().to_string();
        let resources = js.state::<Resources>()?;
        resources.own_scripts.replace(scripts);
        resources.is_commanded.set(options.by_command);
    } else {
        let engine = Engine::of(js)?;
        engine.set_host(Rc::new(ColdRun(Rc::clone(&engine))));
    }
    doors::open(js, places, data)?;
    // A child process restarts nothing by itself: the command's restart ends it.
    if !flags.get("inherited")?.truthy() {
        restart::open(js, &options)?;
    }
    *program.options.borrow_mut() = Some(options);
    Ok(js.undefined())
}

/// The files of this package. They are cold, also where a link in `node_modules` would make them local.
fn own_files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(folder);
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let entries = [folder.join("bin"), folder]
        .into_iter()
        .filter_map(|folder| std::fs::read_dir(folder).ok())
        .flatten();
    entries.filter_map(|entry| Some(entry.ok()?.path())).collect()
}

/// Makes the program hot: its files are watched as they are loaded, and what its versions start has owners.
fn start_hot<'s>(js: Js<'s>, options: &Rc<ProgramOptions>) -> JsResult<'s, Rc<HotProgram>> {
    let engine = Engine::of(js)?;
    let resources = js.state::<Resources>()?;
    resources.install(js)?;
    js.state::<Events>()?.hear_of_listeners(js, &resources)?;
    let matching = |globs: fn(&ProgramOptions) -> &[String]| -> Matches {
        let options = Rc::clone(options);
        Box::new(move |path: &Path| options.covers(globs(&options), path))
    };
    let has_globs = !options.include.is_empty() || !options.restart.files.is_empty();
    let rules = Rules {
        includes: matching(|options| &options.include),
        restarts: matching(|options| &options.restart.files),
        folders: if has_globs {
            vec![options.root.clone()]
        } else {
            Vec::new()
        },
        never_reloads: options.restart.always,
    };
    let hot = HotProgram::start(js, &engine, rules)?;
    let owners = Owners::new(Rc::clone(&resources));
    hot.runner.set_owners(&owners);
    let program = Rc::downgrade(&hot);
    *resources.holders.borrow_mut() = Some(Rc::new(move |js: Js<'_>| {
        let program = program.upgrade();
        let modules = program
            .map(|program| program.updater.hot.with_data())
            .unwrap_or_default();
        Ok(modules
            .iter()
            .filter_map(|module| {
                let data = module.made_data()?.get(js);
                Some((module.path.to_string(), data))
            })
            .collect())
    }));
    engine.set_host(Rc::new(HotRun::new(Rc::clone(&hot), owners)));
    engine.set_timers(js, resources.timers(js)?)?;
    if options.logging {
        js.state::<report::Switches>()?.logging.set(true);
    }
    Ok(hot)
}

/// `closeProgram()`: the entry is a classic hot module, and only its runtimes watch.
fn close_program<'s>(call: &Call<'s>) -> JsResult<'s> {
    let js = call.js;
    let hot = js.state::<Program>()?.hot.take();
    if let Some(hot) = hot {
        hot.close();
        let engine = Engine::of(js)?;
        engine.set_host(Rc::new(Plain));
        engine.set_timers(js, js.undefined())?;
        js.state::<Resources>()?.uninstall(js)?;
        restart::follow_alone(js)?;
    }
    Ok(js.undefined())
}

/// `disposeProgram()`: runs all disposers, since the process is about to end. Returns a promise of their end.
fn dispose_program<'s>(call: &Call<'s>) -> JsResult<'s> {
    let js = call.js;
    let hot = js.state::<Program>()?.hot.borrow().clone();
    let cx = Cx::new(js);
    spawn(js, async move {
        if let Some(hot) = hot {
            hot.dispose_all(&cx).await;
        }
        Ok(Held::undefined())
    })
}

/// `openThread({ places, flags })`: opens the environment in Node's thread for hooks.
fn open_thread<'s>(call: &Call<'s>) -> JsResult<'s> {
    let (js, data) = (call.js, call.arg(0));
    let flags = data.get("flags")?;
    let entry = entry_of(js, flags)?;
    let mut options = options::read(folder_of(&entry), flags)?;
    options.watch = false;
    set_up(js, &options, &entry, Vec::new())?;
    doors::place(js, data.get("places")?)?;
    js.state::<Program>()?.options.replace(Some(Rc::new(options)));
    Ok(js.undefined())
}

fn set_up<'s>(js: Js<'s>, options: &ProgramOptions, entry: &Path, loaded: Vec<PathBuf>) -> JsResult<'s, ()> {
    let engine = Engine::of(js)?;
    engine.set_up(Setup {
        resolve: ResolveOptions {
            ignored: FileSet::new(&options.root, &options.ignore).with_files(loaded),
            ..options_of_node(js)?
        },
        is_hot: options.watch,
        cache: cache_of(entry),
    });
    Ok(())
}

/// The cache of compiled code from earlier starts of the program, unless `HMR_CACHE` switches it off.
fn cache_of(entry: &Path) -> Option<Cache> {
    let chosen = std::env::var("HMR_CACHE").ok();
    let here = std::env::current_dir().unwrap_or_default();
    let folder = cache_folder(chosen.as_deref(), &[&here, folder_of(entry)])?;
    Some(Cache::open(&folder, entry))
}

fn folder_of(entry: &Path) -> &Path {
    entry.parent().unwrap_or(entry)
}

/// The program's entry, which the command or Node's command line names; the working directory if there is none.
fn entry_of<'s>(js: Js<'s>, flags: Value<'s>) -> JsResult<'s, PathBuf> {
    let entry = flags.get("entry")?.text();
    let entry = match entry {
        Some(entry) => Some(entry),
        None => js.global()?.get("process")?.get("argv")?.item(1)?.text(),
    };
    let here = std::env::current_dir().unwrap_or_default();
    let path = entry.map(|entry| here.join(entry));
    let path = path.map(|path| path.canonicalize().unwrap_or(path));
    Ok(path.unwrap_or_else(|| here.join("index")))
}

/// `runProgram(path)`: runs the program's entry. Returns a promise of its namespace, or of its `module.exports`.
fn run_program<'s>(call: &Call<'s>) -> JsResult<'s> {
    let engine = Engine::of(call.js)?;
    let program = call.js.state::<Program>()?;
    if program.has_run.replace(true) {
        if let Some(hot) = program.hot.borrow().as_ref() {
            hot.wait_for_start(false);
        }
        // A start has failed before, and a save may have mended it: everything is read and evaluated anew.
        for record in engine.records().iter().filter(|record| record.is_local) {
            engine.remove(call.js, record.id)?;
        }
    }
    engine.run_main(call.js, Path::new(&call.arg(0).display()))
}

/// `unsettledModules()`: URLs of the modules whose top-level await the entry waits for.
#[expect(clippy::unnecessary_wraps, reason = "the type of native functions")]
fn unsettled_modules<'s>(call: &Call<'s>) -> JsResult<'s> {
    let engine = call.js.made_state::<Engine>();
    let urls = engine.map(|engine| engine.unsettled()).unwrap_or_default();
    let urls: Vec<Value<'s>> = urls.iter().map(|url| call.js.string(url)).collect();
    Ok(call.js.array(&urls))
}
