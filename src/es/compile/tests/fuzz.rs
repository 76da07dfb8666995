//! Real files with parts of others in them: nothing panics, what comes out parses, and its lines are those of the source.
//!
//! `HMR_FUZZ=20000 cargo test --test pure fuzz` makes that many; `HMR_FUZZ_FOLDER` names another folder than
//! `node_modules`, `HMR_FUZZ_SEED` another sequence.
use std::path::{Path, PathBuf};

use oxc_ast::ast::{
    BindingPattern, ClassElement, Expression, FormalParameter, ImportDeclarationSpecifier,
    ObjectPropertyKind, Statement, TSType,
};
use oxc_ast_visit::{Visit, walk};
use oxc_parser::Parser;
use oxc_span::{GetSpan, SourceType, Span};

use super::mangle::{Numbers, is_compiled};
use super::*;

/// Bytes above which a file says nothing more.
const LARGEST: u64 = 24_000;

/// Number of files that are read.
const FILES: usize = 1_500;

/// Number of sorts of parts.
const SORTS: usize = 8;

/// The parts of a text, by sort: one may stand where another of its sort stands.
#[derive(Default)]
struct Parts([Vec<(usize, usize)>; SORTS]);

impl Parts {
    fn add(&mut self, sort: usize, span: Span) {
        self.0[sort].push((span.start as usize, span.end as usize));
    }
}

impl<'a> Visit<'a> for Parts {
    fn visit_statement(&mut self, it: &Statement<'a>) {
        self.add(0, it.span());
        walk::walk_statement(self, it);
    }

    fn visit_expression(&mut self, it: &Expression<'a>) {
        self.add(1, it.span());
        walk::walk_expression(self, it);
    }

    fn visit_class_element(&mut self, it: &ClassElement<'a>) {
        self.add(2, it.span());
        walk::walk_class_element(self, it);
    }

    fn visit_object_property_kind(&mut self, it: &ObjectPropertyKind<'a>) {
        self.add(3, it.span());
        walk::walk_object_property_kind(self, it);
    }

    fn visit_formal_parameter(&mut self, it: &FormalParameter<'a>) {
        self.add(4, it.span());
        walk::walk_formal_parameter(self, it);
    }

    fn visit_binding_pattern(&mut self, it: &BindingPattern<'a>) {
        self.add(5, it.span());
        walk::walk_binding_pattern(self, it);
    }

    fn visit_ts_type(&mut self, it: &TSType<'a>) {
        self.add(6, it.span());
        walk::walk_ts_type(self, it);
    }

    fn visit_import_declaration_specifier(&mut self, it: &ImportDeclarationSpecifier<'a>) {
        self.add(7, it.span());
        walk::walk_import_declaration_specifier(self, it);
    }
}

/// One file, with its parts.
struct Seed {
    text: String,
    language: Language,
    parts: Parts,
}

fn seeds(folder: &Path) -> Vec<Seed> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        let mut entries: Vec<_> = std::fs::read_dir(next).into_iter().flatten().flatten().collect();
        entries.sort_by_key(std::fs::DirEntry::path);
        for entry in entries {
            match entry.metadata() {
                Ok(data) if data.is_dir() => folders.push(entry.path()),
                Ok(data) if data.len() <= LARGEST => files.push(entry.path()),
                _ => {}
            }
        }
    }
    let mut numbers = Numbers(3);
    let mut seeds = Vec::new();
    while seeds.len() < FILES && !files.is_empty() {
        let path = files.swap_remove(numbers.below(files.len()));
        seeds.extend(seed(&path));
    }
    seeds
}

fn seed(path: &PathBuf) -> Option<Seed> {
    let language = match path.extension()?.to_str()? {
        "js" | "mjs" | "cjs" => Language::JavaScript,
        "jsx" => Language::Jsx,
        "ts" | "mts" | "cts" => Language::TypeScript,
        "tsx" => Language::Tsx,
        _ => return None,
    };
    let text = std::fs::read_to_string(path).ok()?;
    let allocator = Allocator::default();
    let source_type = SourceType::mjs()
        .with_typescript(language.is_typescript())
        .with_jsx(language.has_jsx());
    let mut parts = Parts::default();
    parts.visit_program(&Parser::new(&allocator, &text, source_type).parse().program);
    Some(Seed {
        text,
        language,
        parts,
    })
}

/// A text with some of its parts replaced by parts of another text, or cut, doubled or swapped in place.
fn mutated(numbers: &mut Numbers, one: &Seed, other: &Seed) -> String {
    let mut edits: Vec<(usize, usize, &str)> = Vec::new();
    for _ in 0..=numbers.below(5) {
        let sort = numbers.below(SORTS);
        let own = &one.parts.0[sort];
        if own.is_empty() {
            continue;
        }
        let (start, end) = own[numbers.below(own.len())];
        let from = if numbers.below(3) == 0 { one } else { other };
        let given = &from.parts.0[sort];
        let part = match numbers.below(8) {
            0 => "",
            1 => "\n",
            _ if given.is_empty() => continue,
            _ => {
                let (start, end) = given[numbers.below(given.len())];
                &from.text[start..end]
            }
        };
        // Before the part instead of in its place.
        let end = if sort != 1 && numbers.below(4) == 0 {
            start
        } else {
            end
        };
        if edits.iter().all(|edit| edit.1 <= start || edit.0 >= end) {
            edits.push((start, end, part));
        }
    }
    edits.sort_unstable_by_key(|edit| (edit.0, edit.1));
    let mut text = String::new();
    let mut at = 0;
    for (start, end, part) in edits {
        text.push_str(&one.text[at..start]);
        text.push_str(part);
        at = end;
    }
    text.push_str(&one.text[at..]);
    if numbers.below(6) == 0 {
        let cuts: Vec<usize> = text.char_indices().map(|(index, _)| index).collect();
        if !cuts.is_empty() {
            text.truncate(cuts[numbers.below(cuts.len())]);
        }
    }
    text
}

fn number(variable: &str, otherwise: u64) -> u64 {
    let given = std::env::var(variable).ok();
    given.and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

#[test]
fn fuzz() {
    let folder = std::env::var("HMR_FUZZ_FOLDER").unwrap_or_else(|_| "node_modules".to_owned());
    let rounds = number("HMR_FUZZ", 300);
    let mut seeds = seeds(Path::new(&folder));
    seeds.truncate(usize::try_from(rounds).unwrap());
    if seeds.is_empty() {
        return;
    }
    let mut numbers = Numbers(number("HMR_FUZZ_SEED", 11));
    let mut compiled = 0;
    for round in 0..rounds {
        let (one, other) = (numbers.below(seeds.len()), numbers.below(seeds.len()));
        let text = mutated(&mut numbers, &seeds[one], &seeds[other]);
        let options = TsOptions {
            experimental_decorators: round % 3 > 0,
            emit_decorator_metadata: round % 2 > 0,
            use_define_for_class_fields: Some(round % 5 > 1),
            verbatim_module_syntax: round % 7 == 0,
            ..TsOptions::default()
        };
        let is_compiled = is_compiled(&Source {
            language: match (seeds[one].language, numbers.below(3)) {
                (Language::JavaScript, 0) => Language::TypeScript,
                (language, _) => language,
            },
            format: [
                Format::Module,
                Format::CommonJs,
                Format::Detect,
                Format::TypeScriptLoose,
            ][numbers.below(4)],
            options: &options,
            node: NodeVersion {
                major: if round % 2 == 0 { 20 } else { 24 },
                minor: 0,
            },
            ..source(&text)
        });
        compiled += u64::from(is_compiled);
    }
    assert!(compiled * 20 > rounds, "{compiled} of {rounds} could be compiled");
}
