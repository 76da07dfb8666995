//! Every error that this package makes: its code, its class, its words.

use std::fmt;

use crate::js::{Js, Kind, Thrown, Value};

/// An error that this package makes. What users' code throws is passed on unchanged, never as an `HmrError`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HmrError {
    /// The caller gave an argument that the parameter does not take.
    Argument {
        /// The function or class as the user called it.
        callee: String,
        /// The parameter's name.
        parameter: &'static str,
        /// What the parameter takes, and what the caller can do.
        expected: &'static str,
        /// The argument, described for people.
        given: String,
    },
    /// An option is a number below the least one that makes sense.
    Range {
        /// The class that takes the option, or the environment variable.
        callee: String,
        /// The option's name.
        option: &'static str,
        /// The least number that makes sense, in milliseconds.
        least: &'static str,
        /// The number that was given.
        given: String,
    },
    /// A module exports something that is no hot module. The message is that of the JavaScript package, word for word.
    InvalidHotModule {
        /// The module's id as the caller spelled it.
        id: String,
        /// What the module exports, and what the user can do. It goes into `stack`, since users match on the message.
        hint: String,
    },
    /// The file changed, but the loader returned the exports of its old version again.
    NotForgotten {
        /// The changed file, or the module's id.
        file: String,
        /// Whether the file is an ES module, which Node never loads a second time.
        is_es_module: bool,
    },
    /// A method was called on an object that its class did not make.
    Receiver {
        /// The method, as `Class.method`.
        method: &'static str,
        /// The name of the class.
        class: &'static str,
    },
}

impl HmrError {
    /// The stable `code` of the error object.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Argument { .. } => "ERR_HMR_ARGUMENT",
            Self::Range { .. } => "ERR_HMR_RANGE",
            Self::InvalidHotModule { .. } => "ERR_HMR_INVALID_MODULE",
            Self::NotForgotten { .. } => "ERR_HMR_NOT_FORGOTTEN",
            Self::Receiver { .. } => "ERR_HMR_RECEIVER",
        }
    }

    fn class(&self) -> &'static str {
        if matches!(self, Self::Range { .. }) {
            "RangeError"
        } else {
            "TypeError"
        }
    }

    /// Makes [`HmrError::Argument`], with a description of the value that was given.
    pub fn argument(
        callee: impl Into<String>,
        parameter: &'static str,
        expected: &'static str,
        given: Value<'_>,
    ) -> Self {
        Self::Argument {
            callee: callee.into(),
            parameter,
            expected,
            given: describe(given),
        }
    }

    /// Makes the JavaScript error object, for the caller to throw.
    pub fn thrown<'s>(&self, js: Js<'s>) -> Thrown<'s> {
        let thrown = js.error(self.class(), &self.to_string());
        // A new error object accepts every property.
        let _ = thrown.0.define_hidden(js.string("code"), js.string(self.code()));
        if let Self::InvalidHotModule { hint, .. } = self
            && !hint.is_empty()
        {
            add_to_stack(thrown.0, hint);
        }
        thrown
    }
}

/// Adds a hint below the message in `error.stack`, which is what consoles print.
fn add_to_stack(error: Value<'_>, hint: &str) {
    let js = error.js();
    let stack = error.get("stack").ok().and_then(Value::text).unwrap_or_default();
    let end = stack.find("\n    at ").unwrap_or(stack.len());
    let (head, frames) = stack.split_at(end);
    // A new error object accepts every property.
    let _ = error.set("stack", js.string(&format!("{head}\n{hint}{frames}")));
    let _ = error.define_hidden(js.string("hint"), js.string(hint));
}

impl fmt::Display for HmrError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Argument {
                callee,
                parameter,
                expected,
                given,
            } => {
                write!(f, "{callee}: `{parameter}` must be {expected}; got {given}")
            }
            Self::Range {
                callee,
                option,
                least,
                given,
            } => {
                write!(
                    f,
                    "{callee}: `{option}` must be at least {least}, in milliseconds; got {given}"
                )
            }
            Self::InvalidHotModule { id, .. } => write!(f, "Invalid hot module export for import {id}!"),
            Self::NotForgotten {
                file,
                is_es_module: true,
            } => write!(
                f,
                "{file} changed, and its first version stays until a restart, since Node never forgets an ES module: \
                 write it as CommonJS, or import it through `createRuntime(import.meta)` or `createRuntime(__filename)`, \
                 which take ES modules"
            ),
            Self::NotForgotten {
                file,
                is_es_module: false,
            } => write!(
                f,
                "{file} changed, and what it exports is the very hot module of before, so that one stays until a \
                 restart: have each evaluation make a new one, by a loader that forgets what `require.cache` lost"
            ),
            Self::Receiver { method, class } => {
                write!(f, "{method} was called on something that is no {class}")
            }
        }
    }
}

impl std::error::Error for HmrError {}

/// Describes a value in the words of an error message.
pub fn describe(value: Value<'_>) -> String {
    let shorten = |text: String| match text.char_indices().nth(40) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text,
    };
    match value.kind() {
        Kind::Undefined => "undefined".into(),
        Kind::Null => "null".into(),
        Kind::String => format!("the string {:?}", shorten(value.display())),
        Kind::Boolean | Kind::Number | Kind::BigInt => {
            format!("the {} {}", kind_word(value.kind()), shorten(value.display()))
        }
        Kind::Symbol => shorten(value.display()),
        Kind::External => "a native pointer".into(),
        Kind::Function => match name_of(value) {
            Some(name) => format!("the function {name}"),
            None => "a function".into(),
        },
        Kind::Object if value.is_array() => "an array".into(),
        Kind::Object => match value.get("constructor").ok().and_then(name_of) {
            Some(name) if name != "Object" => format!("an instance of {name}"),
            _ => "an object".into(),
        },
    }
}

fn kind_word(kind: Kind) -> &'static str {
    match kind {
        Kind::Boolean => "boolean",
        Kind::Number => "number",
        _ => "bigint",
    }
}

fn name_of(value: Value<'_>) -> Option<String> {
    if !value.is_function() {
        return None;
    }
    let name = value.get("name").ok().and_then(Value::text)?;
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::HmrError;

    #[test]
    fn words_name_the_parameter_and_what_was_given() {
        let error = HmrError::Argument {
            callee: "createRuntime".into(),
            parameter: "require",
            expected: "a require function",
            given: "undefined".into(),
        };
        assert_eq!(
            error.to_string(),
            "createRuntime: `require` must be a require function; got undefined"
        );
        assert_eq!(error.code(), "ERR_HMR_ARGUMENT");
    }

    #[test]
    fn an_invalid_module_says_what_the_javascript_package_said() {
        let error = HmrError::InvalidHotModule {
            id: "./a.js".into(),
            hint: "It exports nothing.".into(),
        };
        assert_eq!(error.to_string(), "Invalid hot module export for import ./a.js!");
    }
}
