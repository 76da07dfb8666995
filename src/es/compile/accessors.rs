//! The getter and the setter of one name, which have one list of decorators.

use oxc_ast::ast::{Class, ClassElement, FormalParameters, MethodDefinition, MethodDefinitionKind};
use oxc_span::GetSpan;

/// Both accessors of the pair that `it` belongs to. A computed name makes no pair.
pub fn accessors<'a, 'b>(
    it: &'b MethodDefinition<'a>,
    class: &'b Class<'a>,
) -> impl Iterator<Item = &'b MethodDefinition<'a>> {
    let name = it.key.static_name();
    class.body.body.iter().filter_map(move |element| match element {
        ClassElement::MethodDefinition(other)
            if it.kind.is_accessor()
                && other.kind.is_accessor()
                && other.r#static == it.r#static
                && (other.span() == it.span() || name.is_some() && other.key.static_name() == name) =>
        {
            Some(&**other)
        }
        _ => None,
    })
}

pub fn setter<'a, 'b>(
    it: &'b MethodDefinition<'a>,
    class: &'b Class<'a>,
) -> Option<&'b MethodDefinition<'a>> {
    accessors(it, class).find(|it| it.kind == MethodDefinitionKind::Set)
}

/// The parameters whose decorators are in the list of `it`: those of the setter, in the list of the first accessor of the pair
/// that has decorators of its own.
pub fn decorated_parameters<'a, 'b>(
    it: &'b MethodDefinition<'a>,
    class: &'b Class<'a>,
) -> Option<&'b FormalParameters<'a>> {
    if !it.kind.is_accessor() {
        return Some(&it.value.params);
    }
    let first = accessors(it, class).find(|it| !it.decorators.is_empty())?;
    let has_list = first.span() == it.span();
    setter(it, class)
        .filter(|_| has_list)
        .map(|setter| &*setter.value.params)
}
