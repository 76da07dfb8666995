//! Every error of ours: its code, its class, its words.

use std::fmt;

use crate::js::{Js, Kind, Thrown, Value};

/// An error that we make. What users' code throws is passed on as it is and never becomes one of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HmrError {
    /// An argument is not what the parameter takes.
    Argument {
        /// The function or class as the user called it.
        callee: String,
        /// The parameter's name.
        parameter: &'static str,
        /// What it takes, and what to do.
        expected: &'static str,
        /// What was given.
        given: String,
    },
    /// An option is a number, but none that makes sense.
    Range {
        /// The class or the environment.
        callee: String,
        /// The option's name.
        option: &'static str,
        /// The least that makes sense, in milliseconds.
        least: &'static str,
        /// What was given.
        given: String,
    },
    /// A module exports something that is no hot module. The words are those of the JavaScript package.
    InvalidHotModule {
        /// The module's id as written.
        id: String,
        /// What was found, and what to do. It is told by the stack: the message is what users match on.
        hint: String,
    },
    /// A loader handed out what it had handed out before.
    NotForgotten {
        /// The file, or the module's id.
        file: String,
        /// Node keeps ES modules.
        is_es_module: bool,
    },
    /// A method was called on an object that its class did not make.
    Receiver {
        /// `Class.method`.
        method: &'static str,
        /// The class.
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

    /// For an argument that is not what the parameter takes.
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

    /// The error object, to be thrown.
    pub fn thrown<'s>(&self, js: Js<'s>) -> Thrown<'s> {
        let thrown = js.error(self.class(), &self.to_string());
        // A fresh error object takes a property.
        let _ = thrown.0.define_hidden(js.string("code"), js.string(self.code()));
        if let Self::InvalidHotModule { hint, .. } = self
            && !hint.is_empty()
        {
            add_to_stack(thrown.0, hint);
        }
        thrown
    }
}

/// Says more than the message does, where the console shows it.
fn add_to_stack(error: Value<'_>, hint: &str) {
    let js = error.js();
    let stack = error.get("stack").ok().and_then(Value::text).unwrap_or_default();
    let end = stack.find("\n    at ").unwrap_or(stack.len());
    let (head, frames) = stack.split_at(end);
    // A fresh error object takes properties.
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

/// What a value is, in the words of an error message.
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
