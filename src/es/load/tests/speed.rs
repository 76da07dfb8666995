//! How long it takes: `cargo test --release es::load::tests::speed -- --ignored --nocapture`.

#![expect(clippy::print_stderr, reason = "the figures are for whoever asked")]

use std::fmt::Write;
use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Loader, NODE, Settings, place_of};
use crate::es::load::cache::Cache;
use crate::es::resolve::{Options, Resolver};
use crate::watch::tests::temp::TempDir;

fn loader(cache: Option<Cache>) -> Arc<Loader> {
    let settings = Settings {
        hot: true,
        node: NODE,
        cache,
    };
    Loader::new(Arc::new(Resolver::new(Options::default())), settings)
}

fn text(index: usize, imports: &[usize]) -> String {
    let mut text = String::new();
    for other in imports {
        let _ = writeln!(text, "import {{ f{other}, type T{other} }} from './m{other}.ts';");
    }
    let _ = write!(
        text,
        "export type T{index} = {{ a: number; b?: string }};\ninterface Local<T> {{ value: T; next: Local<T> | null }}\n\
         export function f{index}(x: number, y: string = 'y'): T{index} {{\n  const list: Array<Local<number>> = [];\n  \
         for (let i = 0; i < x; i++) list.push({{ value: i as number, next: null }});\n  \
         return {{ a: list.length + {index}, b: y }} satisfies T{index};\n}}\n\
         export class C{index} {{\n  private readonly items: Map<string, number> = new Map();\n  \
         add(key: string, value: number): this {{ this.items.set(key, value); return this; }}\n}}\n"
    );
    for other in imports {
        let _ = writeln!(text, "export const v{other} = () => f{other}(1).a;");
    }
    text
}

fn measure(name: &str, count: usize, imports: impl Fn(usize) -> Vec<usize>) {
    let folder = TempDir::new();
    fs::write(folder.path().join("package.json"), r#"{ "type": "module" }"#).unwrap();
    for index in 0..count {
        let imports: Vec<usize> = imports(index)
            .into_iter()
            .filter(|other| *other < count)
            .collect();
        fs::write(folder.path().join(format!("m{index}.ts")), text(index, &imports)).unwrap();
    }
    let entry = place_of(&folder.path().join("m0.ts"));
    let kept = folder.path().join("cache");
    fs::create_dir(&kept).unwrap();
    let time = |cache: bool| {
        let start = Instant::now();
        let cache = cache.then(|| Cache::open(&kept, &entry.path));
        let loaded = loader(cache).load(std::slice::from_ref(&entry), &[]);
        assert_eq!(loaded.len(), count);
        assert!(loaded.iter().all(|loaded| loaded.body.is_ok()));
        start.elapsed()
    };
    let best = |cache: bool| (0..5).map(|_| time(cache)).min().unwrap_or_default();
    let cold = best(false);
    time(true);
    std::thread::sleep(Duration::from_millis(1500));
    eprintln!("{name} {count}: {cold:?}, with the cache {:?}", best(true));
    let changed = folder.path().join(format!("m{}.ts", count / 2));
    let loader = loader(None);
    loader.load(&[entry], &[]);
    let start = Instant::now();
    fs::write(&changed, "export const f = 1").unwrap();
    loader.load(&[], &[changed]);
    eprintln!("  one change {:?}", start.elapsed());
}

#[test]
#[ignore = "a measurement"]
fn trees_and_chains() {
    for count in [1_000, 10_000] {
        measure("tree", count, |index| {
            (1..=4).map(|child| index * 4 + child).collect()
        });
    }
    measure("chain", 5_000, |index| vec![index + 1]);
}
