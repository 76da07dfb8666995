//! One file while it is edited, and what the edits of each kind note in it.

use std::collections::BTreeSet;

use oxc_semantic::Scoping;
use oxc_syntax::scope::ScopeId;
use oxc_syntax::symbol::SymbolId;
use rustc_hash::{FxHashMap, FxHashSet};

use super::edit::Edits;
use super::facts::Facts;
use super::helpers::Helpers;
use super::options::Jsx;
use super::place::{Fault, Places};
use super::types::{Kind, Source};

/// One file while it is edited.
pub struct Rewriter<'a, 's> {
    /// The original text.
    pub text: &'a str,
    /// What is compiled.
    pub source: &'s Source<'s>,
    /// Which kind of module it is.
    pub kind: Kind,
    /// The lines of the text.
    pub places: &'s Places<'a>,
    /// Its symbols.
    pub scoping: &'s Scoping,
    /// Name of the environment in the code; every other name of ours begins with it too.
    pub env: &'s str,
    /// The edits so far.
    pub edits: Edits,
    /// What the top level says, and what symbols are read as.
    pub facts: Facts,
    /// How many functions are around; class fields and static blocks count.
    pub depth: u32,
    /// How many functions with `arguments` of their own are around.
    pub own_arguments: u32,
    /// Where a statement begins that has to be kept apart from the one before it.
    pub apart: Option<u32>,
    /// Where an import stands whose name V8 should say in an error.
    pub called_at: Option<u32>,
    /// Imports that V8 may have to name: variables of these names.
    pub called: BTreeSet<String>,
    /// Whether there is top-level await.
    pub has_await: bool,
    /// Whether the environment is used.
    pub uses_env: bool,
    /// Literal specifiers of `import()` and `require()`.
    pub dynamic: Vec<String>,
    /// What has to stand before the code, on its first line.
    pub prelude: String,
    /// The first thing that cannot be compiled.
    pub fault: Option<Fault>,
    /// How many names of ours were made.
    pub names: u32,
    /// Classes around.
    pub classes: Vec<ClassState>,
    /// What a decorated class is called in its own body.
    pub aliases: Vec<Alias>,
    /// Functions that the code needs beside its own.
    pub helpers: Helpers,
    /// What aliases and enums are in metadata.
    pub kinds: Kinds,
    /// The functions that elements call.
    pub jsx: Calls,
    /// The stack of resources of the block around, where `using` is lowered.
    pub resources: Option<String>,
    /// Namespaces and enums around.
    pub spaces: Vec<Block>,
    /// What namespaces of several blocks export.
    pub exported: Exported,
    /// The object that the next enum or namespace is exported from.
    pub exported_from: Option<String>,
    /// Symbols that are exported and assigned again.
    pub exposed: FxHashSet<SymbolId>,
    /// Members of enums that are strings: `$1["A"]`.
    pub enum_strings: FxHashSet<String>,
}

impl Rewriter<'_, '_> {
    /// Remembers the first fault.
    pub fn fail(&mut self, fault: Fault) {
        if self.fault.as_ref().is_none_or(|first| fault.at < first.at) {
            self.fault = Some(fault);
        }
    }

    /// Walks `inside` as part of a function; `own` if that has its own `arguments`.
    pub fn within_function(&mut self, own: bool, inside: impl FnOnce(&mut Self)) {
        self.depth += 1;
        self.own_arguments += u32::from(own);
        inside(self);
        self.own_arguments -= u32::from(own);
        self.depth -= 1;
    }

    /// The environment as code.
    pub fn env(&mut self) -> &str {
        self.uses_env = true;
        self.env
    }

    /// A new name that occurs nowhere in the text.
    pub fn new_name(&mut self) -> String {
        self.names += 1;
        format!("{}{}", self.env, self.names)
    }
}

/// What the class around needs.
#[derive(Default)]
pub struct ClassState {
    /// Whether the class is lowered: decorators, parameter properties, or fields that are assigned.
    pub assigns: bool,
    /// Whether its initializers run from the constructor, after the parameter properties were assigned.
    pub from_constructor: bool,
    /// Names of the private methods with the initializers.
    pub initializers: Vec<String>,
    /// Parameter properties.
    pub properties: Vec<String>,
    /// What follows each `super()`.
    pub after_super: Option<String>,
    /// Whether it extends another class.
    pub derived: bool,
    /// Whether the class itself is decorated.
    pub is_decorated: bool,
    /// Variables that keep computed keys of decorated members.
    pub keys: Vec<String>,
    /// Decorated members.
    pub decorated: Vec<Decorated>,
    /// Names of functions that give the decorators of the constructor's parameters.
    pub constructor_decorators: Option<String>,
}

/// What a decorated class is called in its own body.
pub struct Alias {
    /// The class.
    pub symbol: SymbolId,
    /// The variable.
    pub name: String,
    /// Whether the body names the class.
    pub used: bool,
}

/// A decorated member.
pub struct Decorated {
    /// Whether it belongs to the class itself.
    pub is_static: bool,
    /// Name of the private method that gives the decorators.
    pub list: String,
    /// The key, as an expression.
    pub key: String,
    /// What TypeScript passes for the descriptor.
    pub descriptor: &'static str,
}

/// The functions that elements call, as expressions.
#[derive(Default)]
pub struct Calls {
    /// How elements become calls.
    pub mode: Jsx,
    /// `jsx`, or `jsxDEV`; the factory in the classic mode.
    pub one: String,
    /// `jsxs`.
    pub many: String,
    /// The type of fragments.
    pub fragment: String,
    /// `createElement`, for a key after a spread.
    pub create: String,
}

/// What a declared name of a type is at run time, where that is not itself.
pub type Kinds = FxHashMap<SymbolId, &'static str>;

/// A namespace or an enum whose body is being walked.
pub struct Block {
    /// Its name, with the names of the namespaces around it: `A.B`.
    pub path: String,
    /// What the object is called inside of it.
    pub object: String,
    /// The scope of its body.
    pub scope: Option<ScopeId>,
}

/// What all blocks of each namespace and enum export, by path.
pub type Exported = FxHashMap<String, FxHashSet<String>>;
