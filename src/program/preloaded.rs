//! The files that `--import` and `--require` loaded before the program was opened. They are never hot.

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;

use crate::es::resolve::url::FileUrl;
use crate::js::{Js, JsResult, Value};

/// The files that Node has loaded so far. ES modules are looked for only if a preload besides ours may have loaded some;
/// `ours` is the number of our own.
pub fn files<'s>(js: Js<'s>, arguments: &[String], ours: usize) -> JsResult<'s, Vec<PathBuf>> {
    let cache = js.builtin("module")?.get("_cache")?;
    let mut files: Vec<PathBuf> = cache
        .keys()?
        .into_iter()
        .map(|key| key.display().into())
        .collect();
    if arguments.iter().filter(|argument| is_preload(argument)).count() > ours {
        // Without an inspector the ES modules cannot be found out.
        files.extend(scripts(js).unwrap_or_default());
    }
    Ok(files)
}

fn is_preload(argument: &str) -> bool {
    let name = argument.split_once('=').map_or(argument, |(name, _)| name);
    matches!(
        name,
        "--import" | "--require" | "-r" | "--loader" | "--experimental-loader"
    )
}

/// The files of V8's scripts. Node's ES loader does not show its modules, but a debugger is told of each script.
fn scripts<'s>(js: Js<'s>) -> JsResult<'s, Vec<PathBuf>> {
    let session = js.builtin("inspector")?.get("Session")?.construct(&[])?;
    session.call_method("connect", &[])?;
    let found: Rc<RefCell<Vec<PathBuf>>> = Rc::default();
    let told = Rc::clone(&found);
    let listener = js.function("", 1, move |call| {
        let url = call.arg(0).get("params")?.get("url")?.display();
        if url.starts_with("file:")
            && let Ok(FileUrl { path, .. }) = FileUrl::parse(&url)
        {
            told.borrow_mut().push(path);
        }
        Ok(call.js.undefined())
    })?;
    session.call_method("on", &[js.string("Debugger.scriptParsed"), listener])?;
    let posted: JsResult<'s, Value<'s>> = session.call_method("post", &[js.string("Debugger.enable")]);
    session.call_method("disconnect", &[])?;
    posted?;
    Ok(found.take())
}
