//! The functions that elements call, by the options, by comments in the file, and by the file's imports.

use oxc_ast::ast::Program;
use oxc_ast_visit::Visit;
use oxc_semantic::Scoping;
use oxc_syntax::symbol::SymbolId;

use super::compiled::{Kind, Source};
use super::facts::Facts;
use super::options::Jsx;
use super::quote;
use super::rewriter::Calls;

/// The forms of elements that occur in a file.
#[derive(Default)]
pub struct Needs {
    /// An element with at most one child.
    pub one: bool,
    /// An element with several children.
    pub many: bool,
    /// A fragment.
    pub fragment: bool,
    /// An element with a key after a spread.
    pub create: bool,
}

/// How a file's elements are lowered.
pub struct Setting {
    mode: Jsx,
    source: String,
    factory: String,
    fragment: String,
    needs: Needs,
}

/// The setting of a file; `None` if it has no elements.
pub fn setting(source: &Source<'_>, program: &Program<'_>) -> Option<Setting> {
    if !source.language.has_jsx() {
        return None;
    }
    let mut needs = Needs::default();
    needs.visit_program(program);
    if !(needs.one || needs.many || needs.create) {
        return None;
    }
    let options = source.options;
    let mut setting = Setting {
        mode: options.jsx,
        source: options
            .jsx_import_source
            .clone()
            .unwrap_or_else(|| "react".to_owned()),
        factory: options
            .jsx_factory
            .clone()
            .unwrap_or_else(|| "React.createElement".to_owned()),
        fragment: options
            .jsx_fragment_factory
            .clone()
            .unwrap_or_else(|| "React.Fragment".to_owned()),
        needs,
    };
    for comment in &program.comments {
        let span = comment.span;
        if let Some(text) = program.source_text.get(span.start as usize..span.end as usize)
            && text.contains("@jsx")
        {
            setting.pragmas(text);
        }
    }
    Some(setting)
}

impl Setting {
    /// `@jsxImportSource preact` and the like.
    fn pragmas(&mut self, comment: &str) {
        let mut words = comment.split(|char: char| char.is_whitespace() || char == '*');
        while let Some(word) = words.next() {
            let target = match word {
                "@jsx" => &mut self.factory,
                "@jsxFrag" => &mut self.fragment,
                "@jsxImportSource" => &mut self.source,
                "@jsxRuntime" => {
                    match words.next() {
                        Some("classic") => self.mode = Jsx::Classic,
                        Some("automatic") if self.mode == Jsx::Classic => self.mode = Jsx::Automatic,
                        _ => {}
                    }
                    continue;
                }
                _ => continue,
            };
            if let Some(value) = words.next().filter(|value| !value.is_empty()) {
                value.clone_into(target);
            }
        }
    }

    /// Imported names that the calls use.
    pub fn implied(&self, scoping: &Scoping) -> Vec<SymbolId> {
        if self.mode != Jsx::Classic {
            return Vec::new();
        }
        [&self.factory, &self.fragment]
            .into_iter()
            .filter_map(|path| binding(scoping, path))
            .collect()
    }

    /// Adds the requests that the calls need, before the slots of namespaces are counted.
    pub fn request(&self, facts: &mut Facts) {
        let (runtime, one, many) = match self.mode {
            Jsx::Classic => return,
            Jsx::Automatic => ("jsx-runtime", "jsx", "jsxs"),
            Jsx::Development => ("jsx-dev-runtime", "jsxDEV", "jsxDEV"),
        };
        let needs = &self.needs;
        let names: Vec<&str> = [
            (needs.one, one),
            (needs.many && !(needs.one && one == many), many),
            (needs.fragment, "Fragment"),
        ]
        .into_iter()
        .filter_map(|(needed, name)| needed.then_some(name))
        .collect();
        if !names.is_empty() {
            facts.add_request(&format!("{}/{runtime}", self.source), &names);
        }
        if needs.create {
            facts.add_request(&self.source, &["createElement"]);
        }
    }

    /// For CommonJS: the code that requires the functions of the calls, and the specifiers.
    pub fn required(&self, env: &str) -> (String, Vec<String>) {
        let runtime = match self.mode {
            Jsx::Classic => return (String::new(), Vec::new()),
            Jsx::Automatic => "jsx-runtime",
            Jsx::Development => "jsx-dev-runtime",
        };
        let mut code = String::new();
        let mut specifiers = Vec::new();
        let needs = &self.needs;
        let runtime = format!("{}/{runtime}", self.source);
        for (needed, specifier, variable) in [
            (needs.one || needs.many || needs.fragment, &runtime, "j"),
            (needs.create, &self.source, "c"),
        ] {
            if needed {
                code.push_str(&format!(
                    "const {env}{variable}=require({});",
                    quote::string(specifier)
                ));
                specifiers.push(specifier.clone());
            }
        }
        (code, specifiers)
    }

    /// The calls as expressions.
    pub fn calls(&self, facts: &Facts, scoping: &Scoping, env: &str, kind: Kind) -> Calls {
        if self.mode == Jsx::Classic {
            let path = |path: &str| {
                let (root, rest) = path.split_at(path.find('.').unwrap_or(path.len()));
                let target = binding(scoping, path).and_then(|symbol| facts.targets.get(&symbol));
                let root = target.map_or(root, |target| target.read.as_str());
                format!("{root}{rest}")
            };
            return Calls {
                mode: self.mode,
                one: path(&self.factory),
                many: path(&self.factory),
                fragment: path(&self.fragment),
                create: String::new(),
            };
        }
        let (runtime, one, many) = match self.mode {
            Jsx::Development => ("jsx-dev-runtime", "jsxDEV", "jsxDEV"),
            _ => ("jsx-runtime", "jsx", "jsxs"),
        };
        let read = |specifier: &str, name: &str| {
            if kind == Kind::CommonJs {
                let variable = if name == "createElement" { "c" } else { "j" };
                return format!("{env}{variable}.{name}");
            }
            facts.request_index(specifier).map_or_else(String::new, |index| {
                quote::member(&format!("{env}[{index}]"), name)
            })
        };
        let runtime = format!("{}/{runtime}", self.source);
        Calls {
            mode: self.mode,
            one: read(&runtime, one),
            many: read(&runtime, many),
            fragment: read(&runtime, "Fragment"),
            create: read(&self.source, "createElement"),
        }
    }
}

/// The import that the first name of a path leads to.
fn binding(scoping: &Scoping, path: &str) -> Option<SymbolId> {
    let root = path.split('.').next()?;
    scoping
        .get_bindings(scoping.root_scope_id())
        .iter()
        .find(|(name, _)| name.as_str() == root)
        .map(|(_, symbol)| *symbol)
}
