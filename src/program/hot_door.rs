//! A hot program without its command, for specs: the hidden export `runHot(path)`.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::update::{HotProgram, Rules};
use crate::addon::Addon;
use crate::es::{Engine, Host, ModuleId, Setup, Version};
use crate::js::{Call, Js, JsResult, Value};

/// Adds `runHot(path, { include?, stay? })`: runs an entry hot.
///
/// # Errors
/// While the environment is going.
pub fn register<'s>(js: Js<'s>, exports: Value<'s>) -> JsResult<'s, ()> {
    let run = js.function("runHot", 2, run_hot)?;
    exports.define_hidden(js.string("runHot"), run)
}

struct Around(Rc<HotProgram>);

impl Host for Around {
    fn hot<'s>(&self, js: Js<'s>, module: ModuleId, serial: u32) -> JsResult<'s> {
        self.0.hot(js, module, serial)
    }

    fn asked(&self, js: Js<'_>, from: ModuleId, to: ModuleId, is_import: bool) {
        self.0.asked(js, from, to, is_import);
    }

    fn made(&self, js: Js<'_>, version: &Rc<Version>) {
        self.0.made(js, version);
    }

    fn evaluated(&self, js: Js<'_>, version: &Rc<Version>) {
        self.0.evaluated(js, version);
    }
}

fn run_hot<'s>(call: &Call<'s>) -> JsResult<'s> {
    let (js, options) = (call.js, call.arg(1));
    let engine = Engine::of(js)?;
    engine.set_up(Setup {
        is_hot: true,
        ..Setup::default()
    });
    let mut rules = Rules::default();
    let mut stays = true;
    if options.is_object() {
        if let Some(include) = options.get("include")?.text().map(PathBuf::from) {
            rules.folders = include.parent().map(Path::to_owned).into_iter().collect();
            rules.includes = Box::new(move |path| path == include);
        }
        stays = !options.get("exits")?.truthy();
    }
    Addon::of(js)?.switches.logging.set(true);
    let program = HotProgram::start(js, &engine, rules)?;
    program.keep_alive(js, stays);
    engine.set_host(Rc::new(Around(program)));
    engine.hook_require(js)?;
    engine.run_main(js, Path::new(&call.arg(0).display()))
}
