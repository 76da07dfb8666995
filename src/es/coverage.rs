//! `NODE_V8_COVERAGE`: `coverage.js` writes the report, with the ranges of the user's source. Node writes another one when
//! JavaScript is gone, with the ranges of our compiled code; that one is removed.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Mutex;

use crate::js::{Call, JsResult, Value, at_exit};

/// What `coverage.js` has written in the environments of this process.
static WRITTEN: Mutex<Option<Written>> = Mutex::new(None);

#[derive(Default)]
struct Written {
    folder: PathBuf,
    names: BTreeSet<String>,
    urls: BTreeSet<String>,
}

/// `written(folder, names, urls)`: `coverage.js` tells which reports stay, and which modules these cover.
pub fn written<'s>(call: &Call<'s>) -> JsResult<'s> {
    let texts = |value: Value<'s>| -> JsResult<'s, Vec<String>> {
        Ok(value.items()?.into_iter().filter_map(Value::text).collect())
    };
    let (names, urls) = (texts(call.arg(1))?, texts(call.arg(2))?);
    if let Ok(mut written) = WRITTEN.lock() {
        let written = written.get_or_insert_default();
        written.folder = call.arg(0).display().into();
        written.names.extend(names);
        written.urls.extend(urls);
    }
    at_exit(remove_rest);
    Ok(call.js.undefined())
}

/// Removes the reports that this process wrote later about the same modules.
fn remove_rest() {
    let Some(written) = WRITTEN.lock().ok().and_then(|mut written| written.take()) else {
        return;
    };
    let mine = format!("coverage-{}-", std::process::id());
    let Ok(entries) = std::fs::read_dir(&written.folder) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.starts_with(&mine) || written.names.contains(&name) {
            continue;
        }
        let report = std::fs::read_to_string(entry.path()).unwrap_or_default();
        let is_ours = |url: &String| report.contains(&format!("\"{url}\""));
        if written.urls.iter().any(is_ours) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}
