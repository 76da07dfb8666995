//! `exports` and `imports` of a package.json, as Node's algorithm reads them.

use std::cmp::Ordering;
use std::path::Path;

use serde_json::{Map, Value};

use super::error::{ResolveError, imported_from};
use super::package::Package;
use super::url::{FileUrl, decode, scheme_of};
use super::{Located, Resolver};

/// A package whose targets are looked up.
pub struct Targets<'a> {
    pub resolver: &'a Resolver,
    pub package: &'a Package,
    /// The importing file, for messages; `None` for `require`, whose messages do not name it.
    pub base: Option<&'a Path>,
    pub conditions: &'a [String],
    /// Whether the field is `imports`, and not `exports`.
    pub is_internal: bool,
}

/// The result of looking up a target.
enum Target {
    Found(Located),
    /// The package's author says `null`: there is nothing at this path.
    Null,
    /// No condition of the target holds.
    Undefined,
}

/// The key that matched, and what its `*` stands for.
#[derive(Clone, Copy)]
struct Match<'a> {
    key: &'a str,
    /// `None` for a key without `*`.
    star: Option<&'a str>,
}

impl Targets<'_> {
    /// Resolves `.` or `./sub` through `exports`.
    pub fn exported(&self, exports: &Value, subpath: &str) -> Result<Located, ResolveError> {
        let found = match exports {
            Value::Object(map) if !self.is_main_sugar(map)? => self.in_map(map, subpath)?,
            target if subpath == "." => {
                let whole = Match {
                    key: subpath,
                    star: None,
                };
                self.target(target, whole)?
            }
            _ => Target::Undefined,
        };
        match found {
            Target::Found(located) => Ok(located),
            Target::Null | Target::Undefined => Err(ResolveError {
                sought: vec![self.package.folder.join("package.json")],
                ..ResolveError::path_not_exported(subpath, &self.package.folder, self.base)
            }),
        }
    }

    /// Resolves `#name` through `imports`.
    pub fn imported(
        &self,
        imports: &Map<String, Value>,
        name: &str,
    ) -> Result<Option<Located>, ResolveError> {
        Ok(match self.in_map(imports, name)? {
            Target::Found(located) => Some(located),
            Target::Null | Target::Undefined => None,
        })
    }

    /// Whether the keys are conditions of the package's main entry.
    fn is_main_sugar(&self, map: &Map<String, Value>) -> Result<bool, ResolveError> {
        let paths = map.keys().filter(|key| key.starts_with('.')).count();
        if paths != 0 && paths != map.len() {
            return Err(self.invalid_config(
                "\"exports\" cannot contain some keys starting with '.' and some not. The exports object must \
                 either be an object of package subpath keys or an object of main entry condition name keys only.",
            ));
        }
        Ok(paths == 0 && !map.is_empty())
    }

    fn in_map(&self, map: &Map<String, Value>, name: &str) -> Result<Target, ResolveError> {
        if !name.contains('*')
            && (self.is_internal || !name.ends_with('/'))
            && let Some(target) = map.get(name)
        {
            return self.target(
                target,
                Match {
                    key: name,
                    star: None,
                },
            );
        }
        let best = map
            .iter()
            .filter_map(|(key, target)| Some((key.as_str(), star_of(key, name)?, target)))
            .min_by(|(one, ..), (other, ..)| compare_keys(one, other));
        match best {
            Some((key, star, target)) => self.target(
                target,
                Match {
                    key,
                    star: Some(star),
                },
            ),
            None => Ok(Target::Undefined),
        }
    }

    fn target(&self, target: &Value, by: Match<'_>) -> Result<Target, ResolveError> {
        match target {
            Value::String(text) => self.text(text, by).map(Target::Found),
            Value::Array(targets) => self.first_of(targets, by),
            Value::Object(conditions) => self.conditional(conditions, by),
            Value::Null => Ok(Target::Null),
            Value::Bool(_) | Value::Number(_) => Err(self.invalid_target(&target.to_string(), by)),
        }
    }

    fn first_of(&self, targets: &[Value], by: Match<'_>) -> Result<Target, ResolveError> {
        let mut last = if targets.is_empty() {
            Ok(Target::Null)
        } else {
            Ok(Target::Undefined)
        };
        for target in targets {
            match self.target(target, by) {
                Err(error) if error.code == "ERR_INVALID_PACKAGE_TARGET" => last = Err(error),
                Err(error) => return Err(error),
                Ok(Target::Undefined) => {}
                Ok(Target::Null) => last = Ok(Target::Null),
                found => return found,
            }
        }
        last
    }

    fn conditional(&self, conditions: &Map<String, Value>, by: Match<'_>) -> Result<Target, ResolveError> {
        if conditions.keys().any(|key| is_array_index(key)) {
            return Err(self.invalid_config("\"exports\" cannot contain numeric property keys."));
        }
        for (key, target) in conditions {
            if key == "default" || self.conditions.contains(key) {
                let found = self.target(target, by)?;
                if !matches!(found, Target::Undefined) {
                    return Ok(found);
                }
            }
        }
        Ok(Target::Undefined)
    }

    fn text(&self, target: &str, by: Match<'_>) -> Result<Located, ResolveError> {
        let filled = |text: &str| {
            by.star
                .map_or_else(|| text.to_owned(), |star| text.replace('*', star))
        };
        let Some(inner) = target.strip_prefix("./") else {
            let is_bare = self.is_internal
                && !target.starts_with('/')
                && !target.starts_with("../")
                && scheme_of(target).is_none();
            if is_bare {
                let base = self.package.folder.join("package.json");
                return self
                    .resolver
                    .package_resolve(&filled(target), &base, self.conditions);
            }
            return Err(self.invalid_target(target, by));
        };
        if has_invalid_segment(inner) {
            return Err(self.invalid_target(target, by));
        }
        if let Some(star) = by.star
            && has_invalid_segment(star)
        {
            return Err(self.invalid_subpath(&filled(by.key), by.key));
        }
        Ok(Located::File(FileUrl::join(
            &self.package.folder,
            &filled(target),
        )))
    }

    fn field(&self) -> &'static str {
        if self.is_internal { "imports" } else { "exports" }
    }

    fn invalid_target(&self, target: &str, by: Match<'_>) -> ResolveError {
        let package = self.package.folder.join("package.json");
        let quoted = Value::from(target).to_string();
        let place = format!(
            "{quoted} defined {}in the package config {}{}",
            if by.key == "." {
                String::new()
            } else {
                format!("for '{}' ", by.key)
            },
            package.display(),
            imported_from(self.base)
        );
        let main = if by.key == "." { "main " } else { "" };
        let hint = if !self.is_internal && !target.is_empty() && !target.starts_with("./") {
            "; targets must start with \"./\""
        } else {
            ""
        };
        ResolveError {
            sought: vec![package.clone()],
            ..ResolveError::new(
                "ERR_INVALID_PACKAGE_TARGET",
                format!("Invalid \"{}\" {main}target {place}{hint}", self.field()),
            )
        }
    }

    fn invalid_subpath(&self, request: &str, key: &str) -> ResolveError {
        let package = self.package.folder.join("package.json");
        let reason = format!(
            "request is not a valid match in pattern \"{key}\" for the \"{}\" resolution of {}",
            self.field(),
            package.display()
        );
        ResolveError::invalid_specifier(request, &reason, self.base)
    }

    fn invalid_config(&self, reason: &str) -> ResolveError {
        let package = self.package.folder.join("package.json");
        ResolveError {
            sought: vec![package.clone()],
            ..ResolveError::invalid_config(&package, self.base, reason)
        }
    }
}

/// The text that the `*` of a key stands for, if the key matches.
fn star_of<'a>(key: &str, name: &'a str) -> Option<&'a str> {
    let (before, after) = key.split_once('*')?;
    if after.contains('*') || name.len() < key.len() {
        return None;
    }
    name.strip_prefix(before)?.strip_suffix(after)
}

/// Node's order of patterns: the longer before the `*` first, then the longer.
fn compare_keys(one: &str, other: &str) -> Ordering {
    let before = |key: &str| key.find('*').unwrap_or(key.len());
    before(other)
        .cmp(&before(one))
        .then_with(|| other.len().cmp(&one.len()))
}

fn is_array_index(key: &str) -> bool {
    key.parse::<u32>()
        .is_ok_and(|index| index != u32::MAX && index.to_string() == key)
}

/// Whether a segment of the path is `.`, `..` or `node_modules`, encoded or not.
fn has_invalid_segment(path: &str) -> bool {
    path.split(['/', '\\']).any(|part| {
        let part = decode(part);
        part == "." || part == ".." || part.eq_ignore_ascii_case("node_modules")
    })
}
