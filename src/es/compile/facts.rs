//! What a module asks for, imports and exports: read from its top level, before anything is rewritten.

use oxc_ast::ast::{
    BindingIdentifier, Declaration, ExportDefaultDeclarationKind, ExportSpecifier, ImportDeclaration,
    ImportDeclarationSpecifier, ImportPhase, ModuleExportName, Program, Statement, WithClause,
};
use oxc_ast_visit::Visit;
use oxc_semantic::Scoping;
use oxc_span::GetSpan;
use oxc_syntax::symbol::SymbolId;
use rustc_hash::{FxHashMap, FxHashSet};

use super::jsx_calls::Setting;
use super::place::{Fault, Places};
use super::quote;
use super::types::{Export, ExportKind, Import, ImportName, Request, Source};
use super::types_only;

/// What an identifier that binds something elsewhere is read as.
#[derive(Clone, Debug)]
pub struct Target {
    /// The expression to read it.
    pub read: String,
    /// For a namespace import: the expression for its members where they are read plainly.
    pub members: Option<String>,
    /// Whether it is an import, which cannot be written.
    pub constant: bool,
}

/// The facts of one module.
#[derive(Default)]
pub struct Facts {
    /// See [`super::types::Compiled`].
    pub requests: Vec<Request>,
    /// See [`super::types::Compiled`].
    pub imports: Vec<Import>,
    /// See [`super::types::Compiled`].
    pub exports: Vec<Export>,
    /// Exported names, and the local expression that each getter gives.
    pub getters: Vec<(String, String)>,
    /// What symbols are read as.
    pub targets: FxHashMap<SymbolId, Target>,
    /// Import declarations that are taken out wholly, by where they start.
    index: FxHashMap<(String, Vec<(String, String)>), usize>,
    bound: FxHashMap<SymbolId, Bound>,
    exported: FxHashSet<String>,
}

impl Facts {
    /// Asks for names of a module that the text itself does not import.
    pub fn add_request(&mut self, specifier: &str, names: &[&str]) {
        let request = self.request_index(specifier).unwrap_or_else(|| {
            self.requests.push(Request {
                specifier: specifier.to_owned(),
                attributes: Vec::new(),
                weak: false,
                line: 1,
                column: 1,
            });
            let index = self.requests.len() - 1;
            self.index.insert((specifier.to_owned(), Vec::new()), index);
            index
        });
        for name in names {
            self.imports.push(Import {
                request,
                name: ImportName::Name((*name).to_owned()),
                weak: false,
                line: 1,
                column: 1,
            });
        }
    }

    /// The index of a request without attributes.
    pub fn request_index(&self, specifier: &str) -> Option<usize> {
        self.index.get(&(specifier.to_owned(), Vec::new())).copied()
    }
}

/// Where an imported binding comes from.
#[derive(Clone)]
enum Bound {
    Name { request: usize, name: String },
    Namespace { request: usize },
}

/// Reads the facts of a module.
pub struct Reader<'s> {
    /// What is compiled.
    pub source: &'s Source<'s>,
    /// Its symbols.
    pub scoping: &'s Scoping,
    /// Name of the environment in the code.
    pub env: &'s str,
    /// Imported symbols that decorators' metadata names.
    pub metadata: &'s FxHashSet<SymbolId>,
    /// How elements are lowered, if there are any.
    pub jsx: Option<&'s Setting>,
    /// Imported symbols that lowered elements use.
    pub implied: Vec<SymbolId>,
    /// The lines of the text.
    pub places: &'s Places<'s>,
}

impl Reader<'_> {
    /// The facts of `program`.
    pub fn read(&self, program: &Program<'_>) -> Result<Facts, Fault> {
        let mut facts = Facts::default();
        for statement in &program.body {
            if let Statement::ImportDeclaration(import) = statement {
                self.import(&mut facts, import)?;
            } else {
                self.re_export(&mut facts, statement);
            }
        }
        if let Some(jsx) = self.jsx {
            jsx.request(&mut facts);
        }
        self.name_targets(&mut facts);
        for statement in &program.body {
            self.export(&mut facts, statement);
        }
        facts.exports.sort_by_key(|export| (export.line, export.column));
        Ok(facts)
    }

    fn keeps_unused(&self) -> bool {
        !self.source.language.is_typescript() || self.source.options.verbatim_module_syntax
    }

    fn import(&self, facts: &mut Facts, it: &ImportDeclaration<'_>) -> Result<(), Fault> {
        if it.import_kind.is_type() {
            return Ok(());
        }
        if let Some(phase) = it.phase {
            let word = match phase {
                ImportPhase::Defer => "defer",
                ImportPhase::Source => "source",
            };
            return Err(Fault::syntax(
                it.span.start,
                format!("`import {word}` is not supported by this version of Node"),
            ));
        }
        let Some(specifiers) = &it.specifiers else {
            self.request(facts, &it.source, it.with_clause.as_deref(), false);
            return Ok(());
        };
        let kept: Vec<_> = specifiers
            .iter()
            .filter_map(|specifier| self.kept(specifier).map(|weak| (specifier, weak)))
            .collect();
        if kept.is_empty() && !self.keeps_unused() {
            return Ok(());
        }
        let weak = !kept.is_empty() && kept.iter().all(|(_, weak)| *weak);
        let request = self.request(facts, &it.source, it.with_clause.as_deref(), weak);
        for (specifier, weak) in kept {
            self.bind(facts, request, specifier, weak);
        }
        Ok(())
    }

    /// Whether a specifier stays, and if so, whether only metadata uses it.
    fn kept(&self, it: &ImportDeclarationSpecifier<'_>) -> Option<bool> {
        if let ImportDeclarationSpecifier::ImportSpecifier(it) = it
            && it.import_kind.is_type()
        {
            return None;
        }
        if self.keeps_unused() {
            return Some(false);
        }
        let symbol = it.local().symbol_id.get()?;
        if self.implied.contains(&symbol)
            || self.scoping.get_resolved_references(symbol).any(|reference| {
                reference.is_value() || reference.flags().is_namespace() && !reference.is_type()
            })
        {
            return Some(false);
        }
        self.metadata.contains(&symbol).then_some(true)
    }

    fn bind(&self, facts: &mut Facts, request: usize, it: &ImportDeclarationSpecifier<'_>, weak: bool) {
        let (line, column) = self.places.of(it.span().start);
        let name = match it {
            ImportDeclarationSpecifier::ImportSpecifier(it) => it.imported.name().to_string(),
            ImportDeclarationSpecifier::ImportDefaultSpecifier(_) => "default".to_owned(),
            ImportDeclarationSpecifier::ImportNamespaceSpecifier(_) => String::new(),
        };
        let is_namespace = matches!(it, ImportDeclarationSpecifier::ImportNamespaceSpecifier(_));
        facts.imports.push(Import {
            request,
            name: if is_namespace {
                ImportName::Namespace { slot: 0 }
            } else {
                ImportName::Name(name.clone())
            },
            weak,
            line,
            column,
        });
        if let Some(symbol) = it.local().symbol_id.get() {
            let bound = if is_namespace {
                Bound::Namespace { request }
            } else {
                Bound::Name { request, name }
            };
            facts.bound.insert(symbol, bound);
            let read = facts.imports.len() - 1;
            facts.targets.insert(
                symbol,
                Target {
                    read: read.to_string(),
                    members: None,
                    constant: true,
                },
            );
        }
    }

    /// Gives the namespaces their slots, now that the requests are counted, and each import its expression.
    fn name_targets(&self, facts: &mut Facts) {
        let mut slot = facts.requests.len();
        for import in &mut facts.imports {
            if let ImportName::Namespace { slot: own } = &mut import.name {
                *own = slot;
                slot += 1;
            }
        }
        let env = self.env;
        for target in facts.targets.values_mut() {
            let Some(import) = target
                .read
                .parse::<usize>()
                .ok()
                .and_then(|index| facts.imports.get(index))
            else {
                continue;
            };
            let request = format!("{env}[{}]", import.request);
            match &import.name {
                ImportName::Name(name) => target.read = quote::member(&request, name),
                ImportName::Namespace { slot } => {
                    target.read = format!("{env}[{slot}]");
                    target.members = Some(request);
                }
            }
        }
    }

    fn request(
        &self,
        facts: &mut Facts,
        source: &oxc_ast::ast::StringLiteral<'_>,
        with: Option<&WithClause<'_>>,
        weak: bool,
    ) -> usize {
        let attributes: Vec<(String, String)> = with.map_or_else(Vec::new, |with| {
            with.with_entries
                .iter()
                .map(|entry| {
                    (
                        entry.key.as_arena_str().to_string(),
                        entry.value.value.to_string(),
                    )
                })
                .collect()
        });
        let key = (source.value.to_string(), attributes);
        if let Some(index) = facts.index.get(&key) {
            if let Some(request) = facts.requests.get_mut(*index) {
                request.weak &= weak;
            }
            return *index;
        }
        let (line, column) = self.places.of(source.span.start);
        facts.requests.push(Request {
            specifier: key.0.clone(),
            attributes: key.1.clone(),
            weak,
            line,
            column,
        });
        let index = facts.requests.len() - 1;
        facts.index.insert(key, index);
        index
    }

    fn re_export(&self, facts: &mut Facts, statement: &Statement<'_>) {
        match statement {
            Statement::ExportAllDeclaration(it) if !it.export_kind.is_type() => {
                let request = self.request(facts, &it.source, it.with_clause.as_deref(), false);
                let kind = match &it.exported {
                    Some(name) => ExportKind::Namespace {
                        name: name.name().to_string(),
                        request,
                    },
                    None => ExportKind::Star { request },
                };
                self.add(
                    facts,
                    kind,
                    it.exported
                        .as_ref()
                        .map_or(it.span.start, |name| name.span().start),
                );
            }
            Statement::ExportFromDeclaration(it) if !it.export_kind.is_type() => {
                let values = || it.specifiers.iter().filter(|it| !it.export_kind.is_type());
                if values().next().is_none() && !it.specifiers.is_empty() && !self.keeps_unused() {
                    return;
                }
                let request = self.request(facts, &it.source, it.with_clause.as_deref(), false);
                for specifier in values() {
                    let kind = ExportKind::Indirect {
                        name: specifier.exported.name().to_string(),
                        request,
                        imported: specifier.local.name().to_string(),
                    };
                    self.add(facts, kind, specifier.span.start);
                }
            }
            _ => {}
        }
    }

    fn export(&self, facts: &mut Facts, statement: &Statement<'_>) {
        match statement {
            Statement::ExportNamedDeclaration(it) if !it.export_kind.is_type() => {
                for specifier in it.specifiers.iter().filter(|it| !it.export_kind.is_type()) {
                    self.export_binding(facts, specifier);
                }
            }
            Statement::ExportDeclaration(it) => self.export_declaration(facts, &it.declaration),
            Statement::ExportDefaultDeclaration(it) => {
                let local = match &it.declaration {
                    ExportDefaultDeclarationKind::TSInterfaceDeclaration(_) => return,
                    ExportDefaultDeclarationKind::FunctionDeclaration(function) => {
                        if function.body.is_none() {
                            return;
                        }
                        function.id.as_ref()
                    }
                    ExportDefaultDeclarationKind::ClassDeclaration(class) => class.id.as_ref(),
                    _ => None,
                };
                let local = local.map_or_else(|| format!("{}d", self.env), |id| id.name.to_string());
                self.local(facts, "default", local, it.span.start);
            }
            _ => {}
        }
    }

    fn export_binding(&self, facts: &mut Facts, it: &ExportSpecifier<'_>) {
        let ModuleExportName::IdentifierReference(local) = &it.local else {
            return;
        };
        let name = it.exported.name().to_string();
        let symbol = local
            .reference_id
            .get()
            .and_then(|id| self.scoping.get_reference(id).symbol_id());
        let bound = symbol.and_then(|symbol| facts.bound.get(&symbol).cloned());
        match bound {
            Some(Bound::Name {
                request,
                name: imported,
            }) => {
                let kind = ExportKind::Indirect {
                    name,
                    request,
                    imported,
                };
                self.add(facts, kind, it.span.start);
            }
            Some(Bound::Namespace { request }) => {
                self.add(facts, ExportKind::Namespace { name, request }, it.span.start);
            }
            None => {
                if symbol.is_some_and(|symbol| !self.is_value(symbol)) {
                    return;
                }
                self.local(facts, &name, local.name.to_string(), it.span.start);
            }
        }
    }

    /// Whether a symbol is there at run time: no type, and no import of one.
    fn is_value(&self, symbol: SymbolId) -> bool {
        let flags = self.scoping.symbol_flags(symbol);
        flags.is_value() || flags.is_import()
    }

    fn export_declaration(&self, facts: &mut Facts, it: &Declaration<'_>) {
        if types_only::declaration(it) {
            return;
        }
        let one = |facts: &mut Facts, id: &BindingIdentifier<'_>| {
            self.local(facts, &id.name, id.name.to_string(), id.span.start);
        };
        match it {
            Declaration::VariableDeclaration(it) => {
                let mut names = Names::default();
                for declarator in &it.declarations {
                    names.visit_binding_pattern(&declarator.id);
                }
                for (name, at) in names.0 {
                    self.local(facts, &name, name.clone(), at);
                }
            }
            Declaration::FunctionDeclaration(it) => {
                if let Some(id) = &it.id {
                    one(facts, id);
                }
            }
            Declaration::ClassDeclaration(it) => {
                if let Some(id) = &it.id {
                    one(facts, id);
                }
            }
            Declaration::TSEnumDeclaration(it) => one(facts, &it.id),
            Declaration::TSNamespaceDeclaration(it) => one(facts, &it.id),
            Declaration::TSImportEqualsDeclaration(it) => one(facts, &it.id),
            _ => {}
        }
    }

    fn local(&self, facts: &mut Facts, name: &str, local: String, at: u32) {
        // An enum, a namespace or a function with overloads is exported by each of its parts.
        if facts.exported.insert(name.to_owned()) {
            facts.getters.push((name.to_owned(), local));
            let kind = ExportKind::Local {
                name: name.to_owned(),
            };
            self.add(facts, kind, at);
        }
    }

    fn add(&self, facts: &mut Facts, kind: ExportKind, at: u32) {
        let (line, column) = self.places.of(at);
        facts.exports.push(Export { kind, line, column });
    }
}

/// The names that a pattern binds, and where.
#[derive(Default)]
struct Names(Vec<(String, u32)>);

impl<'a> Visit<'a> for Names {
    fn visit_binding_identifier(&mut self, it: &BindingIdentifier<'a>) {
        self.0.push((it.name.to_string(), it.span.start));
    }

    fn visit_expression(&mut self, _: &oxc_ast::ast::Expression<'a>) {}
}
