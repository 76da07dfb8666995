//! Names that are declared twice. The analysis of symbols takes some for a fault that are none, most of them in TypeScript, and
//! does not know others.

use oxc_ast::ast::{
    BindingIdentifier, ClassElement, Declaration, ExportDefaultDeclarationKind, FormalParameters, Function,
    FunctionBody, ImportDeclaration, ImportDeclarationSpecifier, Program, PropertyKey, Statement,
    StaticBlock, TSEnumMember, TSModuleBlock, TSType, TSTypeParameter, VariableDeclaration,
};
use oxc_ast_visit::{Visit, walk};
use oxc_diagnostics::OxcDiagnostic;
use oxc_semantic::{ScopeFlags, Scoping};
use oxc_span::{GetSpan, Span};
use oxc_syntax::symbol::SymbolFlags;
use rustc_hash::FxHashSet;

use super::place::Fault;
use super::types_only;

/// Whether an error is that of a name which JavaScript allows to be declared again: a variable by a function, a member of a
/// class, a type. V8 decides about others of the same name when the compiled code is loaded.
pub fn is_allowed(program: &Program<'_>, error: &OxcDiagnostic) -> bool {
    let [first, second] = &error.labels[..] else {
        return false;
    };
    if !error.message.ends_with("has already been declared") {
        return false;
    }
    let mut finder = Finder {
        at: [first.offset(), second.offset()],
        sorts: [Sort::Other; 2],
        erased: false,
    };
    if !program.source_type.is_module() {
        finder.look_in(&program.body);
    }
    finder.visit_program(program);
    matches!(
        finder.sorts,
        [Sort::Free, _]
            | [_, Sort::Free]
            | [Sort::Hoisted, Sort::Hoisted | Sort::Parameter]
            | [Sort::Parameter, Sort::Hoisted]
    )
}

/// What a name is declared as.
#[derive(Clone, Copy)]
enum Sort {
    /// By `var`, or by a function that is declared directly in a function, a static block or a script.
    Hoisted,
    /// As a parameter of a function.
    Parameter,
    /// By what is no variable at run time: a type, a member.
    Free,
    /// As anything else.
    Other,
}

/// Finds out what two names are declared as.
struct Finder {
    /// Where the names begin.
    at: [u32; 2],
    sorts: [Sort; 2],
    /// Whether the present place has no meaning at run time.
    erased: bool,
}

impl Finder {
    fn note(&mut self, span: Span, sort: Sort) {
        for (at, found) in self.at.iter().zip(&mut self.sorts) {
            if *at == span.start {
                *found = if self.erased { Sort::Free } else { sort };
            }
        }
    }

    /// Notes the functions that are declared directly in `statements`, where they are variables of the function around.
    fn look_in(&mut self, statements: &[Statement<'_>]) {
        for statement in statements {
            if let Statement::FunctionDeclaration(it) = statement
                && let Some(id) = &it.id
            {
                self.note(id.span, Sort::Hoisted);
            }
        }
    }

    fn within(&mut self, erased: bool, inside: impl FnOnce(&mut Self)) {
        let before = self.erased;
        self.erased |= erased;
        inside(self);
        self.erased = before;
    }
}

impl<'a> Visit<'a> for Finder {
    fn visit_binding_identifier(&mut self, it: &BindingIdentifier<'a>) {
        if self.erased {
            self.note(it.span, Sort::Free);
        }
    }

    fn visit_declaration(&mut self, it: &Declaration<'a>) {
        self.within(types_only::declaration(it), |this| {
            walk::walk_declaration(this, it);
        });
    }

    fn visit_ts_type(&mut self, it: &TSType<'a>) {
        self.within(true, |this| walk::walk_ts_type(this, it));
    }

    fn visit_ts_type_parameter(&mut self, it: &TSTypeParameter<'a>) {
        self.within(true, |this| walk::walk_ts_type_parameter(this, it));
    }

    fn visit_import_declaration(&mut self, it: &ImportDeclaration<'a>) {
        for specifier in it.specifiers.iter().flatten() {
            if it.import_kind.is_type() || types_only::import(specifier) {
                self.note(specifier.local().span, Sort::Free);
            }
        }
    }

    fn visit_function(&mut self, it: &Function<'a>, flags: ScopeFlags) {
        self.within(it.body.is_none(), |this| walk::walk_function(this, it, flags));
    }

    fn visit_formal_parameters(&mut self, it: &FormalParameters<'a>) {
        let rest = it.rest.iter().map(|it| &it.rest.argument);
        for pattern in it.items.iter().map(|it| &it.pattern).chain(rest) {
            for id in pattern.get_binding_identifiers() {
                self.note(id.span, Sort::Parameter);
            }
        }
        walk::walk_formal_parameters(self, it);
    }

    fn visit_function_body(&mut self, it: &FunctionBody<'a>) {
        self.look_in(&it.statements);
        walk::walk_function_body(self, it);
    }

    fn visit_static_block(&mut self, it: &StaticBlock<'a>) {
        self.look_in(&it.body);
        walk::walk_static_block(self, it);
    }

    fn visit_ts_module_block(&mut self, it: &TSModuleBlock<'a>) {
        self.look_in(&it.body);
        walk::walk_ts_module_block(self, it);
    }

    fn visit_variable_declaration(&mut self, it: &VariableDeclaration<'a>) {
        if it.kind.is_var() {
            let patterns = it.declarations.iter().map(|it| &it.id);
            for id in patterns.flat_map(|it| it.get_binding_identifiers()) {
                self.note(id.span, Sort::Hoisted);
            }
        }
        walk::walk_variable_declaration(self, it);
    }

    fn visit_class_element(&mut self, it: &ClassElement<'a>) {
        if let Some(key) = it.property_key()
            && !matches!(key, PropertyKey::PrivateIdentifier(_))
        {
            self.note(key.span(), Sort::Free);
        }
        walk::walk_class_element(self, it);
    }

    fn visit_ts_enum_member(&mut self, it: &TSEnumMember<'a>) {
        self.note(it.id.span(), Sort::Free);
        walk::walk_ts_enum_member(self, it);
    }
}

/// Refuses an import that shares its name with another import or a value of the file. The parser says this of JavaScript alone.
pub fn refuse_import(it: &ImportDeclarationSpecifier<'_>, scoping: &Scoping) -> Result<(), Fault> {
    if types_only::import(it) {
        return Ok(());
    }
    let local = it.local();
    let symbol = local.symbol_id.get();
    let mut all = symbol.iter().flat_map(|it| scoping.symbol_redeclarations(*it));
    let again = all.find(|it| {
        let is_value = it.flags.intersects(SymbolFlags::Value | SymbolFlags::Import);
        is_value && !it.flags.is_ambient() && it.span.start != local.span.start
    });
    again.map_or(Ok(()), |it| Err(declared(it.span.start, &local.name)))
}

/// Refuses a second function, or a `var`, of the name of a function of a TypeScript module. The analysis takes functions for
/// overloads, and in our code they are declared within a function, where V8 allows them.
pub fn refuse_functions(program: &Program<'_>, scoping: &Scoping) -> Result<(), Fault> {
    let mut seen = FxHashSet::default();
    for statement in &program.body {
        let function = match statement {
            Statement::FunctionDeclaration(it) => it,
            Statement::ExportDeclaration(it) => match &it.declaration {
                Declaration::FunctionDeclaration(it) => it,
                _ => continue,
            },
            Statement::ExportDefaultDeclaration(it) => match &it.declaration {
                ExportDefaultDeclarationKind::FunctionDeclaration(it) => it,
                _ => continue,
            },
            _ => continue,
        };
        let (Some(id), true) = (&function.id, function.body.is_some()) else {
            continue;
        };
        let Some(symbol) = id.symbol_id.get() else {
            continue;
        };
        if !seen.insert(symbol) {
            return Err(declared(id.span.start, &id.name));
        }
        let mut all = scoping.symbol_redeclarations(symbol).iter();
        let var = all.find(|it| it.flags.is_function_scoped_declaration() && !it.flags.is_ambient());
        if let Some(it) = var {
            return Err(declared(it.span.start, &id.name));
        }
    }
    Ok(())
}

fn declared(at: u32, name: &str) -> Fault {
    Fault::syntax(at, format!("Identifier '{name}' has already been declared"))
}
