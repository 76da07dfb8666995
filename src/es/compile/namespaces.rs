//! `namespace`: becomes a function that fills an object. An exported variable is read from that object wherever it is named.
//! Blocks of one name see each other's exports.

use oxc_ast::ast::{
    BindingPattern, Declaration, ExportDeclaration, IdentifierReference, Statement, TSEnumMemberName,
    TSNamespaceDeclaration, TSNamespaceDeclarationBody, VariableDeclaration,
};
use oxc_ast_visit::Visit;
use oxc_span::{GetSpan, Span};
use oxc_syntax::scope::ScopeId;
use rustc_hash::{FxHashMap, FxHashSet};

use super::facts::Target;
use super::rewriter::{Block, Exported, Rewriter};
use super::tokens;
use super::types_only;

impl<'a> Rewriter<'a, '_> {
    /// The path of a namespace or an enum with this name at the present place.
    pub fn path_of(&self, name: &str) -> String {
        match self.spaces.last() {
            Some(outer) => format!("{}.{name}", outer.path),
            None => name.to_owned(),
        }
    }

    /// Enters the body of a namespace or an enum.
    pub fn enter_block(&mut self, path: String, object: &str, scope: Option<ScopeId>) {
        self.spaces.push(Block {
            path,
            object: object.to_owned(),
            scope,
        });
    }

    /// Leaves the body of a namespace or an enum.
    pub fn leave_block(&mut self) {
        self.spaces.pop();
    }

    /// The read `$1.x` of an identifier `x` that another block of a surrounding namespace exports, unless a nearer
    /// declaration has the name.
    pub fn merged(&self, it: &IdentifierReference<'a>) -> Option<String> {
        let name = it.name.as_str();
        let reference = self.scoping.get_reference(it.reference_id.get()?);
        let scope = reference
            .symbol_id()
            .map(|symbol| self.scoping.symbol_scope_id(symbol));
        for block in self.spaces.iter().rev() {
            if let (Some(found), Some(own)) = (scope, block.scope)
                && (found == own || self.scoping.scope_is_descendant_of(found, own))
            {
                return None;
            }
            if self
                .exported
                .get(&block.path)
                .is_some_and(|names| names.contains(name))
            {
                return Some(format!("{}.{name}", block.object));
            }
        }
        None
    }

    /// A namespace with something in it.
    pub fn namespace(&mut self, it: &TSNamespaceDeclaration<'a>) {
        let object = self.new_name();
        let body = match &it.body {
            TSNamespaceDeclarationBody::TSNamespaceDeclaration(inner) => inner.span.start,
            TSNamespaceDeclarationBody::TSModuleBlock(block) => block.span.start + 1,
        };
        let exported_from = self.exported_from.take();
        let head = self.object_head(it.span.start, &it.id, &object);
        self.edits.replace(Span::new(it.span.start, body), head);
        let path = self.path_of(&it.id.name);
        self.enter_block(path, &object, it.scope_id.get());
        match &it.body {
            TSNamespaceDeclarationBody::TSNamespaceDeclaration(inner) => {
                self.exported_from = Some(object.clone());
                self.apart = None;
                self.namespace(inner);
            }
            TSNamespaceDeclarationBody::TSModuleBlock(block) => {
                for statement in &block.body {
                    self.name_exports(statement, &object);
                }
                self.allows_exports = true;
                self.statements(&block.body, block.directives.last().map(|it| it.span.end));
            }
        }
        self.leave_block();
        self.exported_from = exported_from;
        let tail = self.object_tail(&it.id);
        match &it.body {
            TSNamespaceDeclarationBody::TSNamespaceDeclaration(_) => {
                self.edits.insert(it.span.end, tail);
            }
            TSNamespaceDeclarationBody::TSModuleBlock(block) => {
                self.edits
                    .replace(Span::new(block.span.end - 1, block.span.end), tail);
            }
        }
    }

    /// Lets exported variables be read from the namespace's object, the only place where they live.
    fn name_exports(&mut self, it: &Statement<'a>, object: &str) {
        let Statement::ExportDeclaration(export) = it else {
            return;
        };
        let Declaration::VariableDeclaration(variables) = &export.declaration else {
            return;
        };
        if variables.declare {
            return;
        }
        for declarator in &variables.declarations {
            for id in declarator.id.get_binding_identifiers() {
                let Some(symbol) = id.symbol_id.get() else {
                    continue;
                };
                self.facts.targets.insert(
                    symbol,
                    Target {
                        read: format!("{object}.{}", id.name),
                        members: None,
                        constant: false,
                    },
                );
            }
        }
    }

    /// `export …` in a namespace.
    pub fn export_from_namespace(&mut self, it: &ExportDeclaration<'a>) {
        if types_only::declaration(&it.declaration) {
            self.edits.semicolon(it.span);
            return;
        }
        let Some(object) = self.spaces.last().map(|block| block.object.clone()) else {
            return;
        };
        let word = Span::new(it.span.start, it.span.start + 6);
        let inner = it.declaration.span();
        let id = match &it.declaration {
            Declaration::VariableDeclaration(variables) => {
                self.export_variables(it.span.start, variables, &object);
                return;
            }
            Declaration::TSEnumDeclaration(_) | Declaration::TSNamespaceDeclaration(_) => {
                self.edits.semicolon(word);
                self.exported_from = Some(object);
                self.visit_declaration(&it.declaration);
                return;
            }
            Declaration::FunctionDeclaration(it) => it.id.as_ref(),
            Declaration::ClassDeclaration(it) => it.id.as_ref(),
            Declaration::TSImportEqualsDeclaration(it) => Some(&it.id),
            _ => None,
        };
        if tokens::next_is(self.text, it.span.start, "export").is_some() {
            self.edits.semicolon(word);
        }
        self.visit_declaration(&it.declaration);
        if let Some(id) = id {
            let name = self.slice(id.span);
            self.edits
                .insert(inner.end.max(it.span.end), format!(";{object}.{name}={name};"));
        }
    }

    /// `export const x = 1`: an assignment.
    fn export_variables(&mut self, start: u32, it: &VariableDeclaration<'a>, object: &str) {
        let first = it
            .declarations
            .first()
            .map_or(it.span.end, |first| first.span.start);
        self.edits.semicolon(Span::new(start, first));
        for declarator in &it.declarations {
            let id = declarator.id.span();
            let is_pattern = !matches!(declarator.id, BindingPattern::BindingIdentifier(_));
            if is_pattern {
                self.edits.insert(id.start, "(");
            }
            if declarator.init.is_none() {
                self.edits.replace(id, "void 0");
            } else {
                self.export_pattern(&declarator.id, object);
            }
            if declarator.definite {
                self.blank_token(id.end, "!");
            }
            if let Some(annotation) = &declarator.type_annotation {
                self.visit_ts_type_annotation(annotation);
            }
            if let Some(init) = &declarator.init {
                self.visit_expression(init);
            }
            if is_pattern {
                self.edits.insert(declarator.span.end, ")");
            }
        }
    }

    fn export_pattern(&mut self, it: &BindingPattern<'a>, object: &str) {
        match it {
            BindingPattern::BindingIdentifier(id) => {
                self.edits.replace(id.span, format!("{object}.{}", id.name));
            }
            BindingPattern::AssignmentPattern(it) => {
                self.export_pattern(&it.left, object);
                self.visit_expression(&it.right);
            }
            BindingPattern::ArrayPattern(it) => {
                for element in it.elements.iter().flatten() {
                    self.export_pattern(element, object);
                }
                if let Some(rest) = &it.rest {
                    self.export_pattern(&rest.argument, object);
                }
            }
            BindingPattern::ObjectPattern(it) => {
                for property in &it.properties {
                    if property.shorthand {
                        let name = self.slice(property.key.span());
                        self.edits.insert(property.span.start, format!("{name}:"));
                    } else {
                        self.visit_property_key(&property.key);
                    }
                    self.export_pattern(&property.value, object);
                }
                if let Some(rest) = &it.rest {
                    self.export_pattern(&rest.argument, object);
                }
            }
        }
    }
}

/// The exports of each namespace and enum that has several blocks, by path.
pub fn exported(body: &[Statement<'_>]) -> Exported {
    let mut all = FxHashMap::default();
    collect(body, None, &mut all);
    all.into_iter()
        .filter(|(_, (count, _))| *count > 1)
        .map(|(path, (_, names))| (path, names))
        .collect()
}

type Collected = FxHashMap<String, (usize, FxHashSet<String>)>;

fn collect(body: &[Statement<'_>], outer: Option<&str>, all: &mut Collected) {
    for statement in body {
        let (declaration, is_exported) = match statement {
            Statement::ExportDeclaration(it) => (Some(&it.declaration), true),
            _ => (statement.as_declaration(), false),
        };
        let Some(declaration) = declaration else {
            continue;
        };
        if types_only::declaration(declaration) {
            continue;
        }
        if is_exported && let Some(outer) = outer {
            let names = &mut all.entry(outer.to_owned()).or_default().1;
            names.extend(names_of(declaration));
        }
        match declaration {
            Declaration::TSNamespaceDeclaration(it) => block(it, outer, all),
            Declaration::TSEnumDeclaration(it) => {
                let entry = all.entry(joined(outer, &it.id.name)).or_default();
                entry.0 += 1;
                entry
                    .1
                    .extend(it.body.members.iter().filter_map(|member| match &member.id {
                        TSEnumMemberName::Identifier(id) => Some(id.name.to_string()),
                        _ => None,
                    }));
            }
            _ => {}
        }
    }
}

fn block(it: &TSNamespaceDeclaration<'_>, outer: Option<&str>, all: &mut Collected) {
    let path = joined(outer, &it.id.name);
    let entry = all.entry(path.clone()).or_default();
    entry.0 += 1;
    match &it.body {
        TSNamespaceDeclarationBody::TSNamespaceDeclaration(inner) => {
            entry.1.insert(inner.id.name.to_string());
            block(inner, Some(&path), all);
        }
        TSNamespaceDeclarationBody::TSModuleBlock(block) => {
            collect(&block.body, Some(&path), all);
        }
    }
}

fn joined(outer: Option<&str>, name: &str) -> String {
    outer.map_or_else(|| name.to_owned(), |outer| format!("{outer}.{name}"))
}

fn names_of(it: &Declaration<'_>) -> Vec<String> {
    match it {
        Declaration::VariableDeclaration(it) => it
            .declarations
            .iter()
            .flat_map(|it| it.id.get_binding_identifiers())
            .map(|id| id.name.to_string())
            .collect(),
        Declaration::FunctionDeclaration(it) => it.id.iter().map(|id| id.name.to_string()).collect(),
        Declaration::ClassDeclaration(it) => it.id.iter().map(|id| id.name.to_string()).collect(),
        Declaration::TSEnumDeclaration(it) => vec![it.id.name.to_string()],
        Declaration::TSNamespaceDeclaration(it) => vec![it.id.name.to_string()],
        Declaration::TSImportEqualsDeclaration(it) => vec![it.id.name.to_string()],
        _ => Vec::new(),
    }
}
