//! Restarts of a hot program: a new image of the process in the place of the old one.
//!
//! | file | what it knows |
//! |---|---|
//! | `mod.rs` | restarting the process, or asking the user to; what the command calls |
//! | `image.rs` | how the process was started, and how it is started again |
//! | `sockets.rs` | listening sockets, from one image to the next |
//! | `leaving.rs` | requests are finished, cleanups run, children end |
//! | `triggers.rs` | files whose change no module can take |
//! | `watch.rs` | watching them |
//!
//! One image tells the next what it hands on as JSON in an environment variable. The next image takes the variable out before
//! the program sees it.

mod image;
mod leaving;
mod sockets;
mod triggers;
mod watch;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value as Json;

use self::image::{EnvFile, Image, VARIABLE};
use self::sockets::Sockets;
use self::watch::Watch;
use super::options::ProgramOptions;
use super::resources::Resources;

use crate::es::Engine;
use crate::js::{Call, Cx, Held, Js, JsResult, MethodSpec, State, Timers, Value, spawn_detached};
use crate::report;

/// Times after the start, in milliseconds, of looking what the program has loaded. The last one repeats.
const LOOKS: [u32; 4] = [100, 1_000, 5_000, 15_000];
/// Time after its evaluation for which a program may still ask for a socket that was handed on, in milliseconds.
const CLAIMS: u32 = 2_000;

/// The state of restarts of one environment.
pub struct Restart {
    /// `HMRRuntime.disableReloading()` was called.
    is_stopped: Cell<bool>,
    /// How the process was started. Only where it can be restarted.
    image: RefCell<Option<Rc<Image>>>,
    /// The folder in which the process was started.
    folder: RefCell<PathBuf>,
    /// The command's own function that runs all cleanups.
    leave: RefCell<Option<Held>>,
    grace: Cell<Duration>,
    env_files: RefCell<Vec<EnvFile>>,
    sockets: Sockets,
    /// The change that this image was started for, and the time of the restart.
    back: RefCell<Option<(String, SystemTime)>>,
    is_up: Cell<bool>,
    is_restarting: Cell<bool>,
    options: RefCell<Option<Rc<ProgramOptions>>>,
    watch: RefCell<Option<Rc<Watch>>>,
    /// Files of packages that Node's ES loader has loaded.
    loaded: RefCell<BTreeSet<PathBuf>>,
    /// Changes that the user was told to need a restart.
    said: RefCell<HashSet<String>>,
}

impl State for Restart {
    fn make(js: Js<'_>) -> JsResult<'_, Self> {
        let process = js.global()?.get("process")?;
        let options = process.get("execArgv")?.items()?;
        let options: Vec<String> = options.into_iter().filter_map(Value::text).collect();
        Ok(Self {
            is_stopped: Cell::default(),
            image: RefCell::default(),
            folder: RefCell::new(std::env::current_dir().unwrap_or_default()),
            leave: RefCell::default(),
            grace: Cell::new(Duration::from_secs(5)),
            env_files: RefCell::new(image::env_files(&options)),
            sockets: Sockets::default(),
            back: RefCell::default(),
            is_up: Cell::new(false),
            is_restarting: Cell::new(false),
            options: RefCell::default(),
            watch: RefCell::default(),
            loaded: RefCell::default(),
            said: RefCell::default(),
        })
    }

    fn close(&self) {
        if let Some(watch) = self.watch.take() {
            watch.close();
        }
        self.leave.take();
    }
}

/// The functions that the command calls.
pub const FUNCTIONS: [MethodSpec; 4] = [
    ("prepareRestart", 1, prepare),
    ("programIsUp", 0, program_is_up),
    ("restartProgram", 1, restart_program),
    ("programFiles", 0, program_files),
];

/// Restarts the process, or tells the user to do so where that is impossible. `way` has the changed files and the module that
/// declined, if one has. `why` may be empty.
pub fn restart(js: Js<'_>, way: &[String], why: &str) {
    let Ok(state) = js.state::<Restart>() else { return };
    let image = state.image.borrow().clone();
    let Some(image) = image else {
        let what = way.first().map(String::as_str).unwrap_or_default();
        let is_new = state.said.borrow_mut().insert(what.to_owned());
        if !why.is_empty() {
            report::notice(
                js,
                &format!("{what} changed, and {why}: restart the process to take it"),
            );
        } else if is_new {
            report::notice(js, &format!("{what} changed: restart the process to take it"));
        }
        return;
    };
    if let Some(file) = state.missing_env_file() {
        let file = report::relative(&file.to_string_lossy());
        report::notice(
            js,
            &format!(
                "no process starts without {file} (--env-file), which is missing: restarting when it is back"
            ),
        );
        return;
    }
    if !state.is_restarting.replace(true) {
        let cx = Cx::new(js);
        spawn_detached(js, leaving::restart(cx, state, image, way.join(" → ")));
    }
}

/// Whether the process can be restarted from within: the command runs it, and the system can replace an image.
pub fn is_possible(js: Js<'_>) -> bool {
    js.made_state::<Restart>()
        .is_some_and(|state| state.image.borrow().is_some())
}

/// Whether the process is about to be restarted.
pub fn is_under_way(js: Js<'_>) -> bool {
    js.made_state::<Restart>()
        .is_some_and(|state| state.is_restarting.get())
}

/// Whether the change of a file restarts, or asks the user for a restart. No update has to look at such a file.
pub fn is_trigger(js: Js<'_>, path: &Path) -> bool {
    let watch = js
        .made_state::<Restart>()
        .and_then(|state| state.watch.borrow().clone());
    watch.is_some_and(|watch| watch.has(path))
}

/// Notes servers for restarts, in a program whose ports are no longer taken over.
///
/// # Errors
/// What JavaScript threw.
pub fn follow_alone(js: Js<'_>) -> JsResult<'_, ()> {
    match js.made_state::<Restart>() {
        Some(state) if state.image.borrow().is_some() => Sockets::follow(js),
        _ => Ok(()),
    }
}

/// Notes a URL that Node's ES loader loads.
pub fn note_loaded(js: Js<'_>, url: &str) {
    if let (Some(path), Some(state)) = (triggers::package_file(url), js.made_state::<Restart>()) {
        state.loaded.borrow_mut().insert(path);
    }
}

/// Begins to watch, since a program is about to run in this environment.
///
/// # Errors
/// When `HMR_POLLING` is no number, or the environment is going.
pub fn open<'s>(js: Js<'s>, options: &Rc<ProgramOptions>) -> JsResult<'s, ()> {
    let is_main = js.builtin("worker_threads")?.get("isMainThread")?.truthy();
    let is_test = std::env::var_os("NODE_TEST_CONTEXT").is_some() && !options.by_command;
    if !options.watch || !is_main || is_test {
        return Ok(());
    }
    let state = js.state::<Restart>()?;
    *state.options.borrow_mut() = Some(Rc::clone(options));
    let watch = state.watch(js)?;
    watch.note(&state.configuration(js, options));
    // A file that matches later is new, which is a change.
    let matching = triggers::matching(options);
    watch.note(&matching);
    watch.add(js, matching);
    look_after(js, 0);
    Ok(())
}

/// Nothing leads to a restart by itself any more.
pub fn stop(js: Js<'_>) {
    if let Some(state) = js.made_state::<Restart>() {
        state.is_stopped.set(true);
    }
}

fn restart_for(js: Js<'_>, files: &[PathBuf]) {
    let [first, rest @ ..] = files else { return };
    if js
        .made_state::<Restart>()
        .is_some_and(|state| state.is_stopped.get())
    {
        return;
    }
    let first = report::relative(&first.to_string_lossy());
    let what = match rest.len() {
        0 => first,
        more => format!("{first} and {more} more"),
    };
    restart(js, &[what], "");
}

impl Restart {
    fn grace(&self) -> Duration {
        self.grace.get()
    }

    fn leave(&self) -> Option<Held> {
        self.leave.borrow().clone()
    }

    /// The watch, made at the first call.
    fn watch<'s>(&self, js: Js<'s>) -> JsResult<'s, Rc<Watch>> {
        if let Some(watch) = &*self.watch.borrow() {
            return Ok(Rc::clone(watch));
        }
        let on_change = Rc::new(|js: Js<'_>, files: Vec<PathBuf>| restart_for(js, &files));
        let watch = Watch::new(js, SystemTime::now(), on_change)?;
        *self.watch.borrow_mut() = Some(Rc::clone(&watch));
        Ok(watch)
    }

    fn env_files(&self) -> BTreeSet<PathBuf> {
        let (folder, files) = (self.folder.borrow(), self.env_files.borrow());
        files.iter().map(|file| folder.join(&file.path)).collect()
    }

    /// A file of variables that is missing, and without which no process starts.
    fn missing_env_file(&self) -> Option<PathBuf> {
        let (folder, files) = (self.folder.borrow(), self.env_files.borrow());
        let mut needed = files
            .iter()
            .filter(|file| !file.may_be_missing)
            .map(|file| folder.join(&file.path));
        needed.find(|path| !path.exists())
    }

    fn configuration(&self, js: Js<'_>, options: &ProgramOptions) -> BTreeSet<PathBuf> {
        let mut files = triggers::configuration(options, &triggers::folders(js));
        files.extend(self.env_files());
        files
    }

    /// Watches the files that the program has loaded since the last look.
    fn look(&self, js: Js<'_>) {
        let (options, watch) = (self.options.borrow().clone(), self.watch.borrow().clone());
        let (Some(options), Some(watch)) = (options, watch) else {
            return;
        };
        let configuration = self.configuration(js, &options);
        watch.note(&configuration);
        watch.add(js, configuration);
        let loaded = self.loaded.borrow().clone();
        if let Ok(files) = triggers::packages(js, &loaded) {
            watch.add(js, files);
        }
    }

    /// Takes over what the image before has handed on.
    fn come_back(&self, js: Js<'_>) -> Option<String> {
        let text = std::env::var(VARIABLE).ok()?;
        let environment = js.global().and_then(|global| global.get("process")?.get("env"));
        let _ = environment.and_then(|environment| environment.delete_key(js.string(VARIABLE)));
        let handed_on: Json = serde_json::from_str(&text).ok()?;
        // A child process may have inherited the variable: that is no restart.
        if handed_on.get("process")?.as_u64() != Some(u64::from(std::process::id())) {
            return None;
        }
        self.sockets.inherit(handed_on.get("sockets")?);
        let began = UNIX_EPOCH + Duration::from_secs_f64(handed_on.get("began")?.as_f64()?.max(0.0));
        let what = handed_on.get("what")?.as_str()?.to_owned();
        *self.back.borrow_mut() = Some((what, began));
        let inspector = handed_on.get("inspector").and_then(Json::as_str);
        Some(inspector.unwrap_or_default().to_owned())
    }
}

fn look_after(js: Js<'_>, times: usize) {
    let wait = LOOKS.get(times).or(LOOKS.last()).copied().unwrap_or_default();
    // This fails only while the environment is going.
    let _ = js.state::<Timers>().and_then(|timers| {
        timers.after(js, wait, move |js| {
            if let Some(state) = js.made_state::<Restart>() {
                state.look(js);
                look_after(js, times.saturating_add(1));
            }
        })
    });
}

/// `prepareRestart({ arguments, folder, grace, envFiles, leave })`: lets this process be restarted. Called before the program
/// and its `.env` files are loaded. Returns `undefined` at a first start; after a restart the inspector's address before, or
/// `""`.
fn prepare<'s>(call: &Call<'s>) -> JsResult<'s> {
    let (js, given) = (call.js, call.arg(0));
    let state = js.state::<Restart>()?;
    let folder = PathBuf::from(given.get("folder")?.display());
    if Image::can_be_replaced() {
        let image = Image::take(js, given.get("arguments")?, folder.clone())?;
        *state.image.borrow_mut() = Some(Rc::new(image));
    }
    let back = state.come_back(js);
    *state.folder.borrow_mut() = folder;
    *state.leave.borrow_mut() = Some(given.get("leave")?.hold());
    let grace = given.get("grace")?.as_number().unwrap_or(5_000.0);
    state
        .grace
        .set(Duration::from_secs_f64((grace / 1_000.0).max(0.0)));
    let files = given.get("envFiles")?;
    if files.is_array() {
        let files = files.items()?.into_iter().filter_map(Value::text);
        let files = files.map(|file| EnvFile {
            path: file.into(),
            may_be_missing: false,
        });
        state.env_files.borrow_mut().extend(files);
    }
    // Noted before the command reads these files.
    state.watch(js)?.note(&state.env_files());
    // Only hot programs take over ports.
    if given.get("isHot")?.truthy() {
        js.state::<Resources>()?.install(js)?;
    }
    Sockets::follow(js)?;
    Ok(back.map_or_else(|| js.undefined(), |inspector| js.string(&inspector)))
}

/// `programIsUp()`: notes that the entry has been evaluated.
fn program_is_up<'s>(call: &Call<'s>) -> JsResult<'s> {
    let js = call.js;
    let state = js.state::<Restart>()?;
    state.is_up.set(true);
    js.state::<Resources>()?.start_is_evaluated(js)?;
    state.look(js);
    if let Some((what, began)) = state.back.take() {
        let took = began.elapsed().unwrap_or_default().as_millis();
        report::remark(js, &format!("{what} restarted in {took} ms"));
    }
    if !state.sockets.are_claimed() {
        let dropping = Rc::clone(&state);
        js.state::<Timers>()?
            .after(js, CLAIMS, move |_| dropping.sockets.drop_rest())?;
    }
    Ok(js.undefined())
}

/// `restartProgram(what)`
#[expect(clippy::unnecessary_wraps, reason = "the type of native functions")]
fn restart_program<'s>(call: &Call<'s>) -> JsResult<'s> {
    restart(call.js, &[report::relative(&call.arg(0).display())], "");
    Ok(call.js.undefined())
}

/// `programFiles()`: the files of the program's own modules.
fn program_files<'s>(call: &Call<'s>) -> JsResult<'s> {
    let records = Engine::of(call.js)?.records();
    let local = records.iter().filter(|record| record.is_local);
    let paths = local.filter_map(|record| record.path.as_deref()?.to_str());
    Ok(call
        .js
        .array(&paths.map(|path| call.js.string(path)).collect::<Vec<_>>()))
}
