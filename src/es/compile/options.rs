//! Options of a `tsconfig.json` that change what a file does at run time.

/// The options, as the file's `tsconfig.json` gives them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TsOptions {
    /// `experimentalDecorators`: decorators as TypeScript had them before the standard.
    pub experimental_decorators: bool,
    /// `emitDecoratorMetadata`: types of annotations, for `reflect-metadata`.
    pub emit_decorator_metadata: bool,
    /// `useDefineForClassFields`. If it is not given, `target` decides.
    pub use_define_for_class_fields: Option<bool>,
    /// `target`: 2015 for ES2015 …, `u32::MAX` for ESNext; 5 and 3 for the old ones. `None` if it is not given.
    pub target: Option<u32>,
    /// `verbatimModuleSyntax`, or `importsNotUsedAsValues` and `preserveValueImports` of old: imports without `type` stay.
    pub verbatim_module_syntax: bool,
    /// `strictNullChecks` or `strict`: whether `string | null` is `Object` in metadata, or `String`.
    pub strict_null_checks: bool,
    /// `jsx`.
    pub jsx: Jsx,
    /// `jsxImportSource`. `None` stands for `react`.
    pub jsx_import_source: Option<String>,
    /// `jsxFactory`. `None` stands for `React.createElement`.
    pub jsx_factory: Option<String>,
    /// `jsxFragmentFactory`. `None` stands for `React.Fragment`.
    pub jsx_fragment_factory: Option<String>,
}

impl Default for TsOptions {
    fn default() -> Self {
        Self {
            experimental_decorators: false,
            emit_decorator_metadata: false,
            use_define_for_class_fields: None,
            target: None,
            verbatim_module_syntax: false,
            strict_null_checks: true,
            jsx: Jsx::Automatic,
            jsx_import_source: None,
            jsx_factory: None,
            jsx_fragment_factory: None,
        }
    }
}

impl TsOptions {
    /// Whether class fields are defined (JavaScript's way) or assigned (TypeScript's old way).
    pub fn defines_class_fields(&self) -> bool {
        self.use_define_for_class_fields
            .unwrap_or_else(|| self.target.is_none_or(|target| target >= 2022))
    }
}

/// How elements become calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Jsx {
    /// `react-jsx`, and without the option: `jsx` and `jsxs` of the import source's `jsx-runtime`.
    #[default]
    Automatic,
    /// `react-jsxdev`: `jsxDEV` of the import source's `jsx-dev-runtime`.
    Development,
    /// `react`: calls of the factory.
    Classic,
}
