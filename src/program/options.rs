//! The options of a hot program: from package.json's `"hmr"`, the command's flags, and the environment.

use std::path::{Path, PathBuf};

use crate::error::describe;
use crate::es::resolve::FileSet;
use crate::js::{Js, JsResult, Value};

/// When the process restarts instead of reloading.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct RestartRules {
    /// Whether a restart takes the place of every reload.
    pub always: bool,
    /// Globs of files whose change restarts.
    pub files: Vec<String>,
}

/// The options of one hot program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgramOptions {
    /// The folder of the package.json that was read, or of the entry: globs are relative to it.
    pub root: PathBuf,
    /// Globs of local files that are cold: Node loads them, and they are never evaluated again.
    pub ignore: Vec<String>,
    /// Globs of further files whose change reloads.
    pub include: Vec<String>,
    /// When the process restarts instead of reloading.
    pub restart: RestartRules,
    /// Whether the program is watched. With `-n` it is not: only the languages work.
    pub watch: bool,
    /// Whether each save is logged.
    pub logging: bool,
    /// Whether the command runs the program. Then its watches keep the process alive.
    pub by_command: bool,
}

impl ProgramOptions {
    /// Whether one of `globs`, which are relative to the package.json's folder, covers the file.
    pub fn covers(&self, globs: &[String], file: &Path) -> bool {
        !globs.is_empty() && FileSet::new(&self.root, globs).covers(file)
    }
}

/// Reads the options of the program whose entry is in `folder`. `flags` is an object of the command's:
/// `{ ignore?, include?, restart?, noWatch?, enableLogging?, command? }`.
///
/// # Errors
/// A `TypeError` that names the key of package.json's `"hmr"` that is unknown or of a wrong type, and the file.
pub fn read<'s>(folder: &Path, flags: Value<'s>) -> JsResult<'s, ProgramOptions> {
    let js = flags.js();
    let mut options = ProgramOptions {
        root: folder.to_path_buf(),
        ignore: Vec::new(),
        include: Vec::new(),
        restart: RestartRules::default(),
        watch: true,
        logging: variable("HMR_LOGGING"),
        by_command: false,
    };
    if variable("HMR_NO_WATCH") {
        options.watch = false;
    }
    if let Some((file, text)) = nearest_package(folder) {
        if let Some(parent) = file.parent() {
            options.root = parent.to_path_buf();
        }
        take_package(js, &file, &text, &mut options)?;
    }
    if flags.is_object() {
        take_flags(flags, &mut options)?;
    }
    Ok(options)
}

fn variable(name: &str) -> bool {
    std::env::var(name).is_ok_and(|value| !matches!(value.as_str(), "" | "0" | "false"))
}

fn nearest_package(folder: &Path) -> Option<(PathBuf, String)> {
    folder.ancestors().find_map(|folder| {
        let file = folder.join("package.json");
        let text = std::fs::read_to_string(&file).ok()?;
        Some((file, text))
    })
}

fn take_package<'s>(js: Js<'s>, file: &Path, text: &str, options: &mut ProgramOptions) -> JsResult<'s, ()> {
    // Where a package.json that does not parse matters, Node reports it.
    if !text.contains("\"hmr\"") {
        return Ok(());
    }
    let Ok(package) = js.global()?.get("JSON")?.call_method("parse", &[js.string(text)]) else {
        return Ok(());
    };
    if !package.is_object() {
        return Ok(());
    }
    let hmr = package.get("hmr")?;
    if hmr.is_undefined() {
        return Ok(());
    }
    if !hmr.is_object() || hmr.is_array() {
        return Err(wrong(
            js,
            file,
            "hmr",
            "an object such as { \"ignore\": [\"scripts/**\"] }",
            hmr,
        ));
    }
    for key in hmr.keys()? {
        let (name, value) = (key.display(), hmr.get_key(key)?);
        match name.as_str() {
            "ignore" => options.ignore = globs(js, file, "hmr.ignore", value)?,
            "include" => options.include = globs(js, file, "hmr.include", value)?,
            "restart" => {
                options.restart = match value.kind() {
                    crate::js::Kind::Boolean => RestartRules {
                        always: value.truthy(),
                        files: Vec::new(),
                    },
                    _ => RestartRules {
                        always: false,
                        files: globs(js, file, "hmr.restart", value)?,
                    },
                };
            }
            _ => {
                let known = "\"ignore\", \"include\" and \"restart\" are known";
                let text = format!("{}: unknown key \"hmr.{name}\"; {known}", file.display());
                return Err(refusal(js, &text));
            }
        }
    }
    Ok(())
}

fn globs<'s>(js: Js<'s>, file: &Path, key: &str, value: Value<'s>) -> JsResult<'s, Vec<String>> {
    let expected = if key == "hmr.restart" {
        "true, false or an array of globs"
    } else {
        "an array of globs"
    };
    if !value.is_array() {
        return Err(wrong(js, file, key, expected, value));
    }
    let mut globs = Vec::new();
    for item in value.items()? {
        match item.text() {
            Some(glob) => globs.push(glob),
            None => return Err(wrong(js, file, key, expected, item)),
        }
    }
    Ok(globs)
}

fn wrong<'s>(js: Js<'s>, file: &Path, key: &str, expected: &str, given: Value<'s>) -> crate::js::Thrown<'s> {
    refusal(
        js,
        &format!(
            "{}: \"{key}\" must be {expected}; got {}",
            file.display(),
            describe(given)
        ),
    )
}

fn refusal<'s>(js: Js<'s>, text: &str) -> crate::js::Thrown<'s> {
    let thrown = js.error("TypeError", text);
    // A fresh error object takes a property.
    let _ = thrown
        .0
        .define_hidden(js.string("code"), js.string("ERR_HMR_OPTION"));
    thrown
}

fn take_flags<'s>(flags: Value<'s>, options: &mut ProgramOptions) -> JsResult<'s, ()> {
    let list = |name: &str| -> JsResult<'s, Vec<String>> {
        let value = flags.get(name)?;
        if value.is_array() {
            return Ok(value.items()?.into_iter().filter_map(Value::text).collect());
        }
        Ok(value.text().into_iter().collect())
    };
    options.ignore.extend(list("ignore")?);
    options.include.extend(list("include")?);
    let restart = list("restart")?;
    if flags.get("restart")?.kind() == crate::js::Kind::Boolean {
        options.restart.always = flags.get("restart")?.truthy();
    }
    options.restart.always |= restart.iter().any(|glob| glob.is_empty() || glob == "true");
    options.restart.files.extend(
        restart
            .into_iter()
            .filter(|glob| !matches!(glob.as_str(), "" | "true" | "false")),
    );
    if flags.get("noWatch")?.truthy() {
        options.watch = false;
    }
    let logging = flags.get("enableLogging")?;
    if !logging.is_undefined() {
        options.logging = logging.truthy();
    }
    options.by_command = flags.get("command")?.truthy();
    Ok(())
}
