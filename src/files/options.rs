//! The options of `FSWatcher` and `ContentWatcher`: checked once, kept as a property of the watcher.

use std::path::Path;
use std::time::Duration;

use crate::error::HmrError;
use crate::js::{Js, JsResult, Value};
use crate::paths;
use crate::watch::{Polling, WatchOptions};

/// The time between two looks at a file, when polling is asked for without an interval.
const POLL_INTERVAL: Duration = Duration::from_millis(300);
/// The environment variable that turns polling on for watchers without the option: `1`, or an interval in milliseconds.
const POLLING_VARIABLE: &str = "HMR_POLLING";

/// Checks `{ polling?, debounce?, ignored? }`.
///
/// # Errors
/// A `TypeError` or `RangeError` that names the option.
pub fn check<'s>(class: &str, options: Value<'s>) -> JsResult<'s, ()> {
    if options.is_nullish() {
        return Ok(());
    }
    if !options.is_object() {
        let expected = "an object `{ polling?, debounce?, ignored? }`, or left out";
        return Err(HmrError::argument(class, "options", expected, options).thrown(options.js()));
    }
    polling(class, options)?;
    debounce(class, options)?;
    check_ignored(class, "options.ignored", options)
}

/// Checks `{ ignored? }`, whose name in messages is `option`.
///
/// # Errors
/// A `TypeError` that names the option.
pub fn check_ignored<'s>(class: &str, option: &'static str, options: Value<'s>) -> JsResult<'s, ()> {
    let ignored = options.get("ignored")?;
    if ignored.is_nullish() || ignored.is_function() || is_pattern(ignored)? {
        return Ok(());
    }
    let strings = ignored.is_array() && ignored.items()?.iter().all(|item| item.text().is_some());
    if strings {
        return Ok(());
    }
    let expected = "a function that takes a path, a RegExp, or an array of paths";
    Err(HmrError::argument(class, option, expected, ignored).thrown(options.js()))
}

/// A copy of checked options, to be kept by the watcher: listed paths are made absolute now, as the working directory may
/// be another one when files are watched.
pub fn kept(options: Value<'_>) -> JsResult<'_> {
    if !options.is_object() {
        return Ok(options);
    }
    let (js, ignored) = (options.js(), options.get("ignored")?);
    if !ignored.is_array() {
        return Ok(options);
    }
    let folder = std::env::current_dir().unwrap_or_default();
    let listed = ignored.items()?.into_iter().filter_map(Value::text);
    let paths = listed.map(|path| js.string(&paths::normalize(&folder.join(path)).to_string_lossy()));
    let kept = js.object();
    for name in ["polling", "debounce"] {
        kept.set(name, options.get(name)?)?;
    }
    kept.set("ignored", js.array(&paths.collect::<Vec<_>>()))?;
    Ok(kept)
}

/// Reads the options that the watch engine needs.
pub fn read<'s>(class: &str, options: Value<'s>, only_content: bool) -> JsResult<'s, WatchOptions> {
    let js = options.js();
    if !options.is_object() {
        return Ok(WatchOptions {
            only_content,
            polling: polling_asked(js)?,
            debounce: None,
        });
    }
    let polling = match polling(class, options)? {
        Some(polling) => polling,
        None => polling_asked(js)?,
    };
    Ok(WatchOptions {
        only_content,
        polling,
        debounce: debounce(class, options)?,
    })
}

/// Whether the option `ignored` excludes this file.
pub fn ignores<'s>(options: Value<'s>, path: &Path) -> JsResult<'s, bool> {
    if !options.is_object() {
        return Ok(false);
    }
    let js = options.js();
    let ignored = options.get("ignored")?;
    let text = js.string(&path.to_string_lossy());
    if ignored.is_function() {
        return Ok(ignored.call(js.undefined(), &[text])?.truthy());
    }
    if ignored.is_array() {
        let listed = ignored.items()?;
        return Ok(listed
            .iter()
            .filter_map(|item| item.text())
            .any(|item| is_at_or_below(path, Path::new(&item))));
    }
    if is_pattern(ignored)? {
        // A sticky or global pattern starts at `lastIndex`, where its last match ended.
        ignored.set("lastIndex", js.number(0.0))?;
        return Ok(ignored.call_method("test", &[text])?.truthy());
    }
    Ok(false)
}

fn is_at_or_below(path: &Path, listed: &Path) -> bool {
    path.starts_with(listed) || path.starts_with(paths::real_place(listed.to_owned()))
}

fn is_pattern(value: Value<'_>) -> JsResult<'_, bool> {
    value.instance_of(value.js().global()?.get("RegExp")?)
}

fn polling<'s>(class: &str, options: Value<'s>) -> JsResult<'s, Option<Polling>> {
    let js = options.js();
    let polling = options.get("polling")?;
    if polling.is_nullish() {
        return Ok(None);
    }
    if polling.is_object() {
        let interval = polling.get("interval")?;
        if interval.is_nullish() {
            return Ok(Some(Polling::Every(POLL_INTERVAL)));
        }
        let interval = milliseconds(js, class, "options.polling.interval", interval, 1.0)?;
        return Ok(Some(Polling::Every(interval)));
    }
    if polling.as_number().is_some() || polling.text().is_some() {
        let expected = "true, false or `{ interval: milliseconds }`";
        return Err(HmrError::argument(class, "options.polling", expected, polling).thrown(js));
    }
    Ok(Some(if polling.truthy() {
        Polling::Every(POLL_INTERVAL)
    } else {
        Polling::Off
    }))
}

fn debounce<'s>(class: &str, options: Value<'s>) -> JsResult<'s, Option<Duration>> {
    let debounce = options.get("debounce")?;
    if debounce.is_nullish() {
        return Ok(None);
    }
    milliseconds(options.js(), class, "options.debounce", debounce, 0.0).map(Some)
}

fn milliseconds<'s>(
    js: Js<'s>,
    class: &str,
    option: &'static str,
    value: Value<'s>,
    least: f64,
) -> JsResult<'s, Duration> {
    let Some(number) = value.as_number() else {
        return Err(HmrError::argument(class, option, "a number of milliseconds", value).thrown(js));
    };
    if number.is_finite() && number >= least && number <= f64::from(u32::MAX) {
        return Ok(Duration::from_secs_f64(number / 1_000.0));
    }
    let least = if least > 0.0 { "1" } else { "0" };
    let given = value.display();
    Err(HmrError::Range {
        callee: class.to_owned(),
        option,
        least,
        given,
    }
    .thrown(js))
}

fn polling_asked(js: Js<'_>) -> JsResult<'_, Polling> {
    let variable = js.global()?.get("process")?.get("env")?.get(POLLING_VARIABLE)?;
    let Some(text) = variable.text() else {
        return Ok(Polling::Auto);
    };
    match text.as_str() {
        "" | "0" | "false" => Ok(Polling::Auto),
        "1" | "true" => Ok(Polling::Every(POLL_INTERVAL)),
        text => {
            if let Ok(interval) = text.parse::<u32>() {
                Ok(Polling::Every(Duration::from_millis(u64::from(interval))))
            } else {
                let given = format!("{text:?}");
                let (callee, option) = ("environment".to_owned(), POLLING_VARIABLE);
                Err(HmrError::Range {
                    callee,
                    option,
                    least: "1",
                    given,
                }
                .thrown(js))
            }
        }
    }
}
