//! From a tsconfig.json to the options of the compiler.

use oxc_resolver::TsConfig;

use crate::es::compile::{Jsx, TsOptions};

/// The compiler's options by a tsconfig.json and the files that it extends.
pub fn options_of(config: &TsConfig) -> TsOptions {
    let options = &config.compiler_options;
    let keeps_values = options.preserve_value_imports == Some(true)
        || matches!(
            options.imports_not_used_as_values.as_deref(),
            Some("preserve" | "error")
        );
    TsOptions {
        experimental_decorators: options.experimental_decorators.unwrap_or(false),
        emit_decorator_metadata: options.emit_decorator_metadata.unwrap_or(false),
        use_define_for_class_fields: options.use_define_for_class_fields,
        target: options.target.as_deref().and_then(year_of),
        verbatim_module_syntax: options.verbatim_module_syntax.unwrap_or(keeps_values),
        strict_null_checks: options.strict_null_checks.or(options.strict).unwrap_or(false),
        jsx: match options.jsx.as_deref().map(str::to_ascii_lowercase).as_deref() {
            Some("react") => Jsx::Classic,
            Some("react-jsxdev") => Jsx::Development,
            _ => Jsx::Automatic,
        },
        jsx_import_source: options.jsx_import_source.clone(),
        jsx_factory: options.jsx_factory.clone(),
        jsx_fragment_factory: options.jsx_fragment_factory.clone(),
    }
}

/// The year of a `target`: 2022 for `ES2022`, 2015 for `ES6`, 5 for `ES5`, the highest number for `ESNext`.
fn year_of(target: &str) -> Option<u32> {
    let target = target.to_ascii_lowercase();
    if target == "esnext" {
        return Some(u32::MAX);
    }
    let year: u32 = target.strip_prefix("es")?.parse().ok()?;
    Some(if (6..100).contains(&year) {
        year + 2009
    } else {
        year
    })
}
