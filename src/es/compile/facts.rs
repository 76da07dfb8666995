//! The requests, imports and exports of a module, and which identifiers are imports: read from its top level before anything
//! is rewritten.

use oxc_ast::ast::{
    ImportDeclaration, ImportDeclarationSpecifier, ModuleExportName, Program, Statement, WithClause,
};
use oxc_semantic::Scoping;
use oxc_span::GetSpan;
use oxc_syntax::symbol::SymbolId;
use rustc_hash::{FxHashMap, FxHashSet};

use super::compiled::{Export, Import, ImportName, Kind, Request, Source};
use super::early::{refuse_assert, refuse_phase};
use super::jsx_calls::Setting;
use super::place::{Fault, Places};
use super::quote;
use super::redeclared;
use super::types_only;

/// The code that reads an identifier which is bound elsewhere.
#[derive(Clone, Debug)]
pub struct Target {
    /// The expression that reads the identifier.
    pub read: String,
    /// For a namespace import: the expression whose members are read for plain member reads.
    pub members: Option<String>,
    /// Whether the identifier is an import, which cannot be assigned to.
    pub constant: bool,
}

/// The facts of one module.
#[derive(Default)]
pub struct Facts {
    /// Becomes the field of that name in [`super::compiled::Compiled`].
    pub requests: Vec<Request>,
    /// Becomes the field of that name in [`super::compiled::Compiled`].
    pub imports: Vec<Import>,
    /// Becomes the field of that name in [`super::compiled::Compiled`].
    pub exports: Vec<Export>,
    /// Exported names, each with the local expression that its getter returns.
    pub getters: Vec<(String, String)>,
    /// The code that reads each symbol which is bound elsewhere.
    pub targets: FxHashMap<SymbolId, Target>,
    /// Index of each request, by specifier and attributes.
    index: FxHashMap<(String, Vec<(String, String)>), usize>,
    /// The origin of each imported symbol.
    pub bound: FxHashMap<SymbolId, Bound>,
    export_uses: FxHashMap<SymbolId, usize>,
    /// Names that are exported already.
    pub exported: FxHashSet<String>,
    /// Exported names of declarations that may have several parts.
    pub in_parts: FxHashSet<String>,
    /// Symbols of the top level that have no value.
    pub types: FxHashSet<SymbolId>,
    /// An early error of the exports.
    pub fault: Option<Fault>,
}

impl Facts {
    /// Adds a request for names of a module that the text itself does not import.
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

    /// Notes an early error, unless there is one already.
    pub fn refuse(&mut self, at: u32, message: &str) {
        self.fault.get_or_insert_with(|| Fault::syntax(at, message));
    }

    /// The index of a request without attributes.
    pub fn request_index(&self, specifier: &str) -> Option<usize> {
        self.index.get(&(specifier.to_owned(), Vec::new())).copied()
    }
}

/// The origin of an imported binding.
#[derive(Clone)]
pub enum Bound {
    /// An export of a request.
    Name {
        /// Index of the request.
        request: usize,
        /// Name in that module.
        name: String,
    },
    /// The namespace of a request.
    Namespace {
        /// Index of the request.
        request: usize,
    },
}

/// Reads the facts of a module.
pub struct Reader<'s> {
    /// The file that is compiled.
    pub source: &'s Source<'s>,
    /// The kind of module.
    pub kind: Kind,
    /// The symbols of the file.
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
        let mut facts = Facts {
            export_uses: self.export_uses(program),
            types: if self.source.language.is_typescript() {
                types_only::symbols(program, self.scoping)
            } else {
                FxHashSet::default()
            },
            ..Facts::default()
        };
        for statement in &program.body {
            refuse_assert(statement, self.source.node)?;
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
        match facts.fault.take() {
            Some(fault) => Err(fault),
            None => Ok(facts),
        }
    }

    /// Whether imports that nothing uses stay.
    pub fn keeps_unused(&self) -> bool {
        !self.source.language.is_typescript() || self.source.options.verbatim_module_syntax
    }

    fn import(&self, facts: &mut Facts, it: &ImportDeclaration<'_>) -> Result<(), Fault> {
        if it.import_kind.is_type() {
            return Ok(());
        }
        refuse_phase(it.phase, it.span.start)?;
        let Some(specifiers) = &it.specifiers else {
            self.request(facts, &it.source, it.with_clause.as_deref(), false);
            return Ok(());
        };
        for specifier in specifiers {
            redeclared::refuse_import(specifier, self.scoping)?;
        }
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

    /// Whether an import specifier stays. If so, whether only decorators' metadata uses it.
    fn kept(&self, it: &ImportDeclarationSpecifier<'_>) -> Option<bool> {
        if types_only::import(it) {
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
        if let Some(symbol) = it.local().symbol_id.get()
            && self.is_only_exported(facts, symbol)
        {
            let bound = if is_namespace {
                Bound::Namespace { request }
            } else {
                Bound::Name { request, name }
            };
            facts.bound.insert(symbol, bound);
            return;
        }
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

    /// Whether the module uses an import only to export it. Then the export alone is linked and checked.
    fn is_only_exported(&self, facts: &Facts, symbol: SymbolId) -> bool {
        facts.export_uses.get(&symbol).is_some_and(|uses| {
            !self.implied.contains(&symbol)
                && !self.metadata.contains(&symbol)
                && self.scoping.get_resolved_reference_ids(symbol).len() == *uses
        })
    }

    /// How often each symbol is named by `export { … }`.
    fn export_uses(&self, program: &Program<'_>) -> FxHashMap<SymbolId, usize> {
        let mut uses = FxHashMap::default();
        for statement in &program.body {
            if let Statement::ExportNamedDeclaration(it) = statement {
                for specifier in &it.specifiers {
                    if let ModuleExportName::IdentifierReference(local) = &specifier.local
                        && let Some(id) = local.reference_id.get()
                        && let Some(symbol) = self.scoping.get_reference(id).symbol_id()
                    {
                        *uses.entry(symbol).or_insert(0) += 1;
                    }
                }
            }
        }
        uses
    }

    /// Gives each namespace import its slot, now that the requests are counted, and each import its expression.
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

    /// The index of a request, made at its first mention.
    pub fn request(
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
}
