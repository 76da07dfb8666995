//! Parses a text to a syntax tree and symbols, decides by its syntax which kind of module it is, and reports every early error
//! that the parser or the analysis of symbols finds. V8 finds others when the compiled code is loaded.

use oxc_allocator::Allocator;
use oxc_ast::ast::{ModuleDeclaration, Program, Statement};
use oxc_diagnostics::OxcDiagnostic;
use oxc_parser::{ParseOptions, Parser, ParserReturn};
use oxc_semantic::{Scoping, SemanticBuilder};
use oxc_span::SourceType;

use super::compiled::{Format, Kind, Language, Source};
use super::place::Fault;

/// A parsed file.
pub struct Parsed<'a> {
    /// The syntax tree.
    pub program: Program<'a>,
    /// The kind of module.
    pub kind: Kind,
}

/// Parses `text` as the kind of module that the source's format allows.
pub fn parse<'a>(allocator: &'a Allocator, source: &Source<'_>, text: &'a str) -> Result<Parsed<'a>, Fault> {
    match source.format {
        Format::Module => parse_as(allocator, source, text, Kind::Module),
        Format::CommonJs => parse_as(allocator, source, text, Kind::CommonJs),
        Format::Detect => detect(allocator, source, text, Kind::Module),
        Format::TypeScriptLoose => detect(allocator, source, text, Kind::LooseModule),
    }
}

/// Parses a file that turned out to have top-level await as an ES module, if the source's format allows that.
pub fn awaiting<'a>(
    allocator: &'a Allocator,
    source: &Source<'_>,
    text: &'a str,
) -> Result<Parsed<'a>, Fault> {
    match source.format {
        Format::Detect => parse_as(allocator, source, text, Kind::Module),
        Format::TypeScriptLoose => parse_as(allocator, source, text, Kind::LooseModule),
        Format::Module | Format::CommonJs => Err(Fault::syntax(
            u32::try_from(text.find("await").unwrap_or(0)).unwrap_or(0),
            "await is only valid in async functions and the top level bodies of modules",
        )),
    }
}

/// Finds the kind of a file. A file with ES syntax is a module; any other that parses as CommonJS is CommonJS, unless it
/// declares one of CommonJS's names again; one that parses only with top-level await is a module.
fn detect<'a>(
    allocator: &'a Allocator,
    source: &Source<'_>,
    text: &'a str,
    module: Kind,
) -> Result<Parsed<'a>, Fault> {
    let as_module = run(allocator, source.language, text, true);
    if has_module_syntax(&as_module, source) {
        return accept(as_module, module);
    }
    let as_script = run(allocator, source.language, text, false);
    let is_refused = if source.is_cts() {
        first_error(&as_script).is_some() && as_module.module_record.import_metas.is_empty()
    } else {
        first_error(&as_script).is_some() || redeclares_common_js(&as_script.program)
    };
    if is_refused && first_error(&as_module).is_none() {
        return accept(as_module, module);
    }
    accept(as_script, Kind::CommonJs)
}

/// Whether the file declares a name of CommonJS's wrapper in a way that its parameters do not allow.
fn redeclares_common_js(program: &Program<'_>) -> bool {
    let is_given = |name: &str| {
        matches!(
            name,
            "require" | "module" | "exports" | "__filename" | "__dirname"
        )
    };
    program.body.iter().any(|statement| match statement {
        Statement::VariableDeclaration(it) if !it.kind.is_var() && !it.declare => {
            let mut targets = it.declarations.iter().map(|it| &it.id);
            targets.any(|it| it.get_binding_identifiers().iter().any(|it| is_given(&it.name)))
        }
        Statement::ClassDeclaration(it) if !it.declare => it.id.as_ref().is_some_and(|it| is_given(&it.name)),
        _ => false,
    })
}

fn has_module_syntax(parsed: &ParserReturn<'_>, source: &Source<'_>) -> bool {
    if !parsed.module_record.has_module_syntax {
        return false;
    }
    if !parsed.module_record.import_metas.is_empty() && !source.is_cts() {
        return true;
    }
    parsed.panicked
        || parsed.program.body.iter().any(|statement| {
            statement.as_module_declaration().is_some_and(|declaration| {
                !matches!(
                    declaration,
                    ModuleDeclaration::TSExportAssignment(_)
                        | ModuleDeclaration::TSNamespaceExportDeclaration(_)
                )
            })
        })
}

fn parse_as<'a>(
    allocator: &'a Allocator,
    source: &Source<'_>,
    text: &'a str,
    kind: Kind,
) -> Result<Parsed<'a>, Fault> {
    accept(
        run(allocator, source.language, text, kind != Kind::CommonJs),
        kind,
    )
}

/// The first error of the parser that is one in JavaScript, too.
fn first_error<'p>(parsed: &'p ParserReturn<'_>) -> Option<&'p OxcDiagnostic> {
    let mut errors = parsed.diagnostics.errors();
    errors.find(|error| error.message != "A 'set' accessor cannot have an initializer.")
}

fn accept(parsed: ParserReturn<'_>, kind: Kind) -> Result<Parsed<'_>, Fault> {
    if let Some(error) = first_error(&parsed) {
        return Err(fault(error));
    }
    if parsed.panicked || parsed.is_flow_language {
        return Err(Fault::syntax(0, "Unexpected syntax"));
    }
    let program = parsed.program;
    if kind == Kind::CommonJs {
        no_module_syntax(&program)?;
    }
    Ok(Parsed { program, kind })
}

/// Refuses `import` and `export` in CommonJS, except those that TypeScript takes out.
fn no_module_syntax(program: &Program<'_>) -> Result<(), Fault> {
    for statement in &program.body {
        let (span, word) = match statement {
            Statement::ImportDeclaration(it) if !it.import_kind.is_type() => (it.span, "import"),
            Statement::ExportDefaultDeclaration(it) => (it.span, "export"),
            Statement::ExportNamedDeclaration(it) if !it.export_kind.is_type() => (it.span, "export"),
            Statement::ExportFromDeclaration(it) if !it.export_kind.is_type() => (it.span, "export"),
            Statement::ExportAllDeclaration(it) if !it.export_kind.is_type() => (it.span, "export"),
            Statement::ExportDeclaration(it) if !super::types_only::declaration(&it.declaration) => {
                (it.span, "export")
            }
            _ => continue,
        };
        let message = match word {
            "import" => "Cannot use import statement outside a module",
            _ => "Unexpected token 'export'",
        };
        return Err(Fault {
            help: Some(
                "this file is CommonJS: give it the extension .mjs or .mts, or set \"type\": \"module\" in its \
                 package.json"
                    .to_owned(),
            ),
            ..Fault::syntax(span.start, message)
        });
    }
    Ok(())
}

fn run<'a>(allocator: &'a Allocator, language: Language, text: &'a str, module: bool) -> ParserReturn<'a> {
    let source_type = if module {
        SourceType::mjs()
    } else {
        SourceType::cjs()
    }
    .with_typescript(language.is_typescript())
    .with_jsx(language.has_jsx());
    let options = ParseOptions {
        preserve_parens: true,
        ..ParseOptions::default()
    };
    Parser::new(allocator, text, source_type)
        .with_options(options)
        .parse()
}

/// The symbols of a program, or the first error that only their analysis finds.
pub fn symbols<'a>(program: &'a Program<'a>) -> Result<Scoping, Fault> {
    let analysed = SemanticBuilder::new_compiler().build(program);
    let mut errors = analysed.diagnostics.errors();
    if let Some(error) = errors.find(|error| !super::redeclared::is_allowed(program, error)) {
        return Err(fault(error));
    }
    Ok(analysed.semantic.into_scoping())
}

fn fault(error: &OxcDiagnostic) -> Fault {
    let at = error.labels.first().map_or(0, oxc_span::LabeledSpan::offset);
    Fault {
        help: error.help.as_ref().map(ToString::to_string),
        ..Fault::syntax(at, error.message.to_string())
    }
}
