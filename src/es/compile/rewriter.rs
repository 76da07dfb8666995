//! The rewriter: one file while it is edited, with what the edits note.

use std::collections::BTreeSet;

use oxc_semantic::Scoping;
use oxc_syntax::scope::ScopeId;
use oxc_syntax::symbol::SymbolId;
use rustc_hash::{FxHashMap, FxHashSet};

use super::compiled::{Kind, Source};
use super::edit::Edits;
use super::facts::Facts;
use super::helpers::Helpers;
use super::options::Jsx;
use super::place::{Fault, Places};

/// One file while it is edited.
pub struct Rewriter<'a, 's> {
    /// The original text.
    pub text: &'a str,
    /// The file that is compiled.
    pub source: &'s Source<'s>,
    /// The kind of module.
    pub kind: Kind,
    /// The lines of the text.
    pub places: &'s Places<'a>,
    /// The symbols of the file.
    pub scoping: &'s Scoping,
    /// Name of the environment in the code (`$`). Every other name of ours begins with it.
    pub env: &'s str,
    /// The edits so far.
    pub edits: Edits,
    /// The facts of the module.
    pub facts: Facts,
    /// Number of functions around the present place. Class fields and static blocks count as functions.
    pub depth: u32,
    /// Number of functions with `arguments` of their own around the present place.
    pub own_arguments: u32,
    /// Start of a statement that has to be kept apart from the statement before it.
    pub apart: Option<u32>,
    /// Start of an import's identifier that V8's errors should name.
    pub called_at: Option<u32>,
    /// Names of imports that V8's errors may have to name. The code has a variable for each.
    pub called: BTreeSet<String>,
    /// Whether the file has top-level await.
    pub has_await: bool,
    /// Whether the code uses the environment.
    pub uses_env: bool,
    /// Literal specifiers of `import()` and `require()`.
    pub dynamic: Vec<String>,
    /// Code that has to stand before the file's own code, on its first line.
    pub prelude: String,
    /// The first thing that cannot be compiled.
    pub fault: Option<Fault>,
    /// Whether the next list of statements, or the next statement, may be an import or export: that of the module or of a
    /// namespace.
    pub allows_exports: bool,
    /// Number of names that were made for our own use.
    pub names: u32,
    /// The classes around the present place, the innermost last.
    pub classes: Vec<ClassState>,
    /// Name of a decorated class in its own body.
    pub aliases: Vec<Alias>,
    /// Helper functions that the code needs.
    pub helpers: Helpers,
    /// The expressions for aliases and enums in metadata.
    pub kinds: Kinds,
    /// The functions that elements call.
    pub jsx: Calls,
    /// Variable with the stack of resources of the block around, where `using` is lowered.
    pub resources: Option<String>,
    /// The namespaces and enums around the present place, the innermost last.
    pub spaces: Vec<Block>,
    /// The exports of namespaces and enums that have several blocks.
    pub exported: Exported,
    /// The object that the next enum or namespace is exported from.
    pub exported_from: Option<String>,
    /// Symbols that are exported and assigned again.
    pub exposed: FxHashSet<SymbolId>,
    /// The reads of enum members that are strings: `$1["A"]`.
    pub enum_strings: FxHashSet<String>,
}

impl<'a, 's> Rewriter<'a, 's> {
    /// A rewriter that has not begun. What is not given here is empty.
    pub fn new(
        text: &'a str,
        source: &'s Source<'s>,
        kind: Kind,
        places: &'s Places<'a>,
        scoping: &'s Scoping,
        env: &'s str,
        facts: Facts,
    ) -> Self {
        Self {
            text,
            source,
            kind,
            places,
            scoping,
            env,
            edits: Edits::default(),
            facts,
            depth: 0,
            own_arguments: 0,
            apart: None,
            called_at: None,
            called: BTreeSet::new(),
            has_await: false,
            uses_env: false,
            dynamic: Vec::new(),
            prelude: String::new(),
            fault: None,
            allows_exports: false,
            names: 0,
            classes: Vec::new(),
            aliases: Vec::new(),
            helpers: Helpers::default(),
            kinds: Kinds::default(),
            jsx: Calls::default(),
            resources: None,
            spaces: Vec::new(),
            exported: Exported::default(),
            exported_from: None,
            exposed: FxHashSet::default(),
            enum_strings: FxHashSet::default(),
        }
    }

    /// Remembers the first fault.
    pub fn fail(&mut self, fault: Fault) {
        if self.fault.as_ref().is_none_or(|first| fault.at < first.at) {
            self.fault = Some(fault);
        }
    }

    /// Walks `inside` as part of a function. `own`: whether that function has its own `arguments`.
    pub fn within_function(&mut self, own: bool, inside: impl FnOnce(&mut Self)) {
        self.depth += 1;
        self.own_arguments += u32::from(own);
        inside(self);
        self.own_arguments -= u32::from(own);
        self.depth -= 1;
    }

    /// Notes an `await`, which a file that is CommonJS by its name has in functions only.
    pub fn awaits(&mut self, at: u32) {
        if self.depth > 0 {
            return;
        }
        self.has_await = true;
        if self.source.is_cts() {
            self.fail(Fault {
                help: Some("give the file the extension .mts".to_owned()),
                ..Fault::syntax(
                    at,
                    "await is only valid in async functions and the top level bodies of modules",
                )
            });
        }
    }

    /// The name of the environment in the code, which is used by this.
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

/// A class that is being walked, with what it needs.
#[derive(Default)]
pub struct ClassState {
    /// Whether the class is lowered: decorators, parameter properties, or fields that are assigned.
    pub assigns: bool,
    /// Whether the initializers run from the constructor, after the parameter properties were assigned.
    pub from_constructor: bool,
    /// Names of the private methods with the initializers.
    pub initializers: Vec<String>,
    /// Names of the parameter properties.
    pub properties: Vec<String>,
    /// Code that follows each `super()`.
    pub after_super: Option<String>,
    /// Whether the class extends another one.
    pub derived: bool,
    /// Whether the class itself is decorated.
    pub is_decorated: bool,
    /// Variables that keep computed keys of decorated members.
    pub keys: Vec<String>,
    /// Decorated members.
    pub decorated: Vec<Decorated>,
    /// Name of the function that gives the decorators of the constructor's parameters.
    pub constructor_decorators: Option<String>,
}

/// Name of a decorated class in its own body.
pub struct Alias {
    /// The symbol of the class.
    pub symbol: SymbolId,
    /// The variable that stands for the class in its body.
    pub name: String,
    /// Whether the body names the class.
    pub used: bool,
}

/// A decorated member.
pub struct Decorated {
    /// Whether the member is static.
    pub is_static: bool,
    /// Name of the private method that gives the member's decorators.
    pub list: String,
    /// The expression for the key.
    pub key: String,
    /// The expression that TypeScript passes for the descriptor.
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

/// The expressions for declared names of types at run time, where these are not the names themselves.
pub type Kinds = FxHashMap<SymbolId, &'static str>;

/// A namespace or an enum whose body is being walked.
pub struct Block {
    /// Name of the block, with the names of the namespaces around it: `A.B`.
    pub path: String,
    /// Name of the object inside of the block.
    pub object: String,
    /// The scope of the body.
    pub scope: Option<ScopeId>,
}

/// The exports of all blocks of each namespace and enum, by path.
pub type Exported = FxHashMap<String, FxHashSet<String>>;
