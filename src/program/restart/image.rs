//! How the process was started, and how it is started again in its own place.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::Command;

use crate::js::{Js, JsResult, Value};

/// The environment variable by which one image of the process tells the next what it hands on.
pub const VARIABLE: &str = "HMR_RESTARTED";

/// How the process was started.
pub struct Image {
    program: PathBuf,
    /// The name by which it was called, then its arguments.
    arguments: Vec<String>,
    environment: Vec<(OsString, OsString)>,
    folder: PathBuf,
}

impl Image {
    /// Notes how the process was started, before the program changes anything. `arguments` is Node's own command line.
    ///
    /// # Errors
    /// What JavaScript threw.
    pub fn take<'s>(js: Js<'s>, arguments: Value<'s>, folder: PathBuf) -> JsResult<'s, Self> {
        let process = js.global()?.get("process")?;
        let mut environment = environment(js)?;
        environment.retain(|(name, _)| name != VARIABLE);
        Ok(Self {
            program: process.get("execPath")?.display().into(),
            arguments: arguments.items()?.into_iter().filter_map(Value::text).collect(),
            environment,
            folder,
        })
    }

    /// Whether this system lets another image take the place of this one.
    pub const fn can_be_replaced() -> bool {
        cfg!(unix)
    }

    /// Replaces the process by a new image of itself, which reads `handed_on`. `inspector` is the address that a debugger
    /// knows.
    pub fn replace(&self, handed_on: &str, inspector: Option<&str>) -> io::Error {
        let mut command = Command::new(&self.program);
        let mut arguments = self.arguments.iter();
        let name = arguments.next();
        command
            .args(arguments.map(|argument| with_port(argument, inspector)))
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .env(VARIABLE, handed_on);
        // If the folder is gone, the image starts in the program's present folder.
        if self.folder.is_dir() {
            command.current_dir(&self.folder);
        }
        exec(command, name)
    }

    /// The value that an environment variable had at the start.
    pub fn variable(&self, name: &str) -> Option<&OsString> {
        let found = self.environment.iter().find(|(other, _)| other == name);
        found.map(|(_, value)| value)
    }
}

#[cfg(unix)]
fn exec(mut command: Command, name: Option<&String>) -> io::Error {
    use std::os::unix::process::CommandExt;
    if let Some(name) = name {
        command.arg0(name);
    }
    // A further SIGUSR2 would end the new image before Node has set its own actions. If that fails, the old one goes on.
    let _ignored = crate::js::Ignored::user_signal();
    command.exec()
}

#[cfg(not(unix))]
fn exec(_: Command, _: Option<&String>) -> io::Error {
    io::ErrorKind::Unsupported.into()
}

/// An argument with `--inspect=0` replaced by the port that the system chose, since debuggers look for that one.
fn with_port(argument: &str, inspector: Option<&str>) -> String {
    let is_open = |end: &str| {
        ["--inspect", "--inspect-brk", "--inspectBrk", "--inspect-wait"]
            .iter()
            .any(|option| argument.strip_prefix(option) == Some(end))
    };
    let asks = |end: &str| argument.starts_with("--inspect") && argument.ends_with(end);
    match (argument.split_once('='), inspector) {
        (Some((option, _)), Some(address)) if is_open("=0") || asks(":0") => format!("{option}={address}"),
        _ => argument.to_owned(),
    }
}

/// The environment that the process was started with, without the variables that Node and preloads have added.
fn environment(js: Js<'_>) -> JsResult<'_, Vec<(OsString, OsString)>> {
    if let Some(given) = given_environment() {
        return Ok(given);
    }
    let mut all: Vec<_> = std::env::vars_os().collect();
    let process = js.global()?.get("process")?;
    let options = process.get("execArgv")?.items()?;
    for file in env_files(&options.into_iter().filter_map(Value::text).collect::<Vec<_>>()) {
        let Ok(text) = std::fs::read_to_string(&file.path) else {
            continue;
        };
        let parsed = js.builtin("util")?.call_method("parseEnv", &[js.string(&text)])?;
        for key in parsed.keys()? {
            let value = OsString::from(parsed.get_key(key)?.display());
            let name = OsString::from(key.display());
            all.retain(|pair| *pair != (name.clone(), value.clone()));
        }
    }
    Ok(all)
}

#[cfg(target_os = "linux")]
fn given_environment() -> Option<Vec<(OsString, OsString)>> {
    use std::os::unix::ffi::OsStringExt;
    let bytes = std::fs::read("/proc/self/environ").ok()?;
    let pairs = bytes.split(|byte| *byte == 0).filter_map(|pair| {
        let place = pair.iter().position(|byte| *byte == b'=')?;
        let (name, value) = pair.split_at(place);
        Some((
            OsString::from_vec(name.to_vec()),
            OsString::from_vec(value.get(1..)?.to_vec()),
        ))
    });
    let pairs: Vec<_> = pairs.filter(|(name, _)| !name.is_empty()).collect();
    (!pairs.is_empty()).then_some(pairs)
}

#[cfg(not(target_os = "linux"))]
fn given_environment() -> Option<Vec<(OsString, OsString)>> {
    None
}

/// A file of variables.
#[derive(Debug, PartialEq)]
pub struct EnvFile {
    /// Its path, as it was given.
    pub path: PathBuf,
    /// Whether Node starts without the file as well.
    pub may_be_missing: bool,
}

/// The files that `--env-file` and `--env-file-if-exists` name among these options of Node.
pub fn env_files(options: &[String]) -> Vec<EnvFile> {
    let mut files = Vec::new();
    let mut options = options.iter();
    while let Some(option) = options.next() {
        let (name, file) = match option.split_once('=') {
            Some((name, file)) => (name, Some(file)),
            None => (option.as_str(), None),
        };
        let may_be_missing = match name {
            "--env-file" => false,
            "--env-file-if-exists" => true,
            _ => continue,
        };
        if let Some(file) = file.or_else(|| options.next().map(String::as_str)) {
            files.push(EnvFile {
                path: file.into(),
                may_be_missing,
            });
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use super::{EnvFile, env_files, with_port};

    #[test]
    fn a_debugger_finds_the_port_that_it_was_given() {
        let table = [
            ("--inspect=0", "--inspect=127.0.0.1:40123"),
            ("--inspect-brk=localhost:0", "--inspect-brk=127.0.0.1:40123"),
            ("--inspect=9230", "--inspect=9230"),
            ("--inspect", "--inspect"),
            ("--port=0", "--port=0"),
        ];
        for (given, expected) in table {
            assert_eq!(with_port(given, Some("127.0.0.1:40123")), expected);
        }
        assert_eq!(with_port("--inspect=0", None), "--inspect=0");
    }

    #[test]
    fn files_of_variables_are_found_in_each_spelling() {
        let options = [
            "--env-file",
            "a",
            "--env-file=b",
            "--env-file-if-exists=c",
            "-r",
            "d",
        ];
        let found = env_files(&options.map(String::from));
        let expected = [("a", false), ("b", false), ("c", true)].map(|(path, may_be_missing)| EnvFile {
            path: path.into(),
            may_be_missing,
        });
        assert_eq!(found, expected);
    }
}
