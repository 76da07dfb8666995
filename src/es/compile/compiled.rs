//! [`Compiled`], what a file becomes, and [`Source`], what the compiler is given.

use std::ops::Range;
use std::path::Path;

use super::options::TsOptions;

/// One file, as it is given to the compiler.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    /// Address of the module as stack traces and debuggers show it: a `file:` URL.
    pub url: &'a str,
    /// Text of the file, with or without a byte order mark.
    pub text: &'a str,
    /// Language of the file, by its extension.
    pub language: Language,
    /// Which kind of module the file may be.
    pub format: Format,
    /// Options of the file's `tsconfig.json`.
    pub options: &'a TsOptions,
    /// Whether the program runs hot. If so, free timers (`setTimeout` …) become members of the environment.
    pub hot: bool,
    /// Version of the running Node: syntax that it knows is left as it is.
    pub node: NodeVersion,
}

impl Source<'_> {
    /// Whether the file is TypeScript that is CommonJS by its name.
    pub fn is_cts(&self) -> bool {
        let path = self.url.split(['?', '#']).next().map(Path::new);
        path.and_then(Path::extension).is_some_and(|it| it == "cts")
    }
}

/// Language of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Language {
    /// `.js`, `.mjs`, `.cjs`.
    JavaScript,
    /// `.jsx`.
    Jsx,
    /// `.ts`, `.mts`, `.cts`.
    TypeScript,
    /// `.tsx`.
    Tsx,
}

impl Language {
    /// Whether the language has types, which are taken out.
    pub fn is_typescript(self) -> bool {
        matches!(self, Self::TypeScript | Self::Tsx)
    }

    /// Whether `<a/>` is an element.
    pub fn has_jsx(self) -> bool {
        matches!(self, Self::Jsx | Self::Tsx)
    }
}

/// Which kind of module a file may be, by its extension and its package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// An ES module.
    Module,
    /// CommonJS.
    CommonJs,
    /// ES syntax in the text decides, by Node's rules.
    Detect,
    /// TypeScript outside of `"type": "module"`: with ES syntax a module in which CommonJS's names exist, else CommonJS.
    TypeScriptLoose,
}

/// Version of Node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeVersion {
    /// First number of the version.
    pub major: u32,
    /// Second number of the version.
    pub minor: u32,
}

/// A compiled file: code for V8, and the facts for the linker.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compiled {
    /// Which kind of module the file is.
    pub kind: Kind,
    /// The code; [`super`] says what it looks like.
    pub code: String,
    /// The `mappings` of an ES module's source map, if it needs one. Node gets the map only when a stack names the file,
    /// since it takes longer to read than the code. CommonJS has its map in the code.
    pub map: Option<String>,
    /// Modules that the file asks for, in source order, each once.
    pub requests: Vec<Request>,
    /// Imported bindings that the linker finds and checks.
    pub imports: Vec<Import>,
    /// Everything that the module exports.
    pub exports: Vec<Export>,
    /// Whether the module has top-level await: its function is an async generator, which yields `[getters]`.
    pub has_await: bool,
    /// Literal specifiers of `import()` and `require()`, each once.
    pub dynamic: Vec<String>,
    /// What the code becomes when no other module is evaluated with this one; `None` if it has to be as it is.
    pub alone: Option<Alone>,
}

/// What of [`Compiled::code`] is the module's own text, and what a plain function of that text returns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alone {
    /// The bytes of the module's text.
    pub text: Range<usize>,
    /// The properties of the object with the exports. An export that a function may assign to is a getter.
    pub exports: String,
}

/// Kind of a compiled file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Kind {
    /// An ES module.
    #[default]
    Module,
    /// TypeScript with ES syntax outside of `"type": "module"`: `esModuleInterop` holds, CommonJS's names exist.
    LooseModule,
    /// CommonJS, for `module._compile`.
    CommonJs,
}

/// A module that the file asks for statically.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Specifier as it is written.
    pub specifier: String,
    /// Import attributes: `with { type: "json" }`.
    pub attributes: Vec<(String, String)>,
    /// Whether only type annotations use the imported names (`emitDecoratorMetadata`). If so, the target may be missing, and
    /// it is evaluated only if it exports one of the names.
    pub weak: bool,
    /// Line of the specifier, from 1.
    pub line: u32,
    /// Column of the specifier, from 1, in UTF-16 units.
    pub column: u32,
}

/// An imported binding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// Index of the import's request.
    pub request: usize,
    /// The imported name, or the namespace.
    pub name: ImportName,
    /// Whether only type annotations use the import (`emitDecoratorMetadata`). If so, a missing name is `undefined`.
    pub weak: bool,
    /// Line of the import specifier, from 1.
    pub line: u32,
    /// Column of the import specifier, from 1, in UTF-16 units.
    pub column: u32,
}

/// What an import binds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImportName {
    /// One export, also `default`.
    Name(String),
    /// The namespace. The code reads it from a slot of the environment.
    Namespace {
        /// `requests.len() + n`, for the n-th namespace import.
        slot: usize,
    },
}

/// One export of a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// The origin of the export.
    pub kind: ExportKind,
    /// Line of the name, from 1.
    pub line: u32,
    /// Column of the name, from 1, in UTF-16 units.
    pub column: u32,
}

/// The origin of an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExportKind {
    /// A binding of the module itself. The yielded object has a getter for it.
    Local {
        /// Exported name.
        name: String,
        /// The variable, if it is declared under another name.
        variable: Option<String>,
    },
    /// An export of another module.
    Indirect {
        /// Exported name.
        name: String,
        /// Index of the other module's request.
        request: usize,
        /// Name in the other module.
        imported: String,
    },
    /// The namespace of another module.
    Namespace {
        /// Exported name.
        name: String,
        /// Index of the other module's request.
        request: usize,
    },
    /// Every export of another module but `default`.
    Star {
        /// Index of the other module's request.
        request: usize,
    },
}

/// Why a file could not be compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompileError {
    /// What is wrong, in one sentence.
    pub message: String,
    /// Line of the place, from 1.
    pub line: u32,
    /// Column of the place, from 1, in UTF-16 units.
    pub column: u32,
    /// What the user can do about it.
    pub help: Option<String>,
    /// Whether the text is wrong, or the compiler cannot run it.
    pub kind: ErrorKind,
}

/// Sort of a [`CompileError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// A `SyntaxError`.
    Syntax,
    /// Valid syntax that neither Node nor the compiler can run.
    Unsupported,
}
