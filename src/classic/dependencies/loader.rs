//! Finds the imports of records that a loader made, such as jiti's. Such a loader returns a file that was loaded before
//! without adding it to the `children`. So we search the source of each version once. We do not parse JavaScript: a text
//! counts as an import if it looks like one and leads to a file in the cache.

use std::collections::BTreeSet;

use super::Host;
use crate::js::{JsResult, Value};

/// The records in the cache that the source of a loader's record seems to import.
pub fn imports_of<'s>(
    host: &Host<'s>,
    cache: Value<'s>,
    path: &str,
    module: Value<'s>,
) -> JsResult<'s, Vec<Value<'s>>> {
    let require = module.get("require")?;
    let resolve = require.get("resolve")?;
    let mut records = Vec::new();
    let Ok(source) = std::fs::read_to_string(path) else {
        return Ok(records);
    };
    if !resolve.is_function() {
        return Ok(records);
    }
    for specifier in specifiers(&source) {
        let Ok(resolved) = resolve.call(require, &[host.js.string(specifier)]) else {
            continue;
        };
        let record = cache.get_key(resolved)?;
        if record.is_object() && !record.same(module) {
            records.push(record);
        }
    }
    Ok(records)
}

/// The texts in quotes after `from`, `import` and `require`.
fn specifiers(source: &str) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    for word in ["from", "import", "require"] {
        for (start, _) in source.match_indices(word) {
            let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '.');
            if source[..start].ends_with(is_name) {
                continue;
            }
            let rest = source[start + word.len()..].trim_start();
            let rest = rest.strip_prefix('(').map_or(rest, str::trim_start);
            let Some(quote) = rest.chars().next().filter(|c| matches!(c, '"' | '\'' | '`')) else {
                continue;
            };
            let end = rest[1..].find([quote, '\n']).map(|end| end + 1);
            if let Some(specifier) = end.and_then(|end| rest.get(1..end)) {
                found.insert(specifier);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::specifiers;

    #[test]
    fn what_looks_like_an_import_is_one() {
        let source = "import a from './a'\nimport \"./b\"\nexport * from\n  `./c`\nconst d = require( './d' )\n\
                      import('./e'); wherefrom './no'; x.require('./no'); import { f } from'./f'; from 'unfinished\n";
        let expected = ["./a", "./b", "./c", "./d", "./e", "./f"];
        let found: Vec<_> = specifiers(source)
            .into_iter()
            .filter(|it| it.starts_with('.'))
            .collect();
        assert_eq!(found, expected);
    }
}
