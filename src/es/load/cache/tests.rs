use super::*;
use crate::es::compile::{Format, Language, NodeVersion, Source, TsOptions, compile};
use crate::watch::tests::temp::TempDir;

const TEXT: &str = "import a, { b as c } from './a.ts' with { type: 'json' }; import * as ns from 'x';
export { d as 'e f' } from 'y'; export * from 'z'; export * as w from 'z'; export default a + c + ns;
export let l: number = await import('./q.ts'); import('lit')";

fn source<'a>(text: &'a str, options: &'a TsOptions) -> Source<'a> {
    Source {
        url: "file:///a.ts",
        text,
        language: Language::TypeScript,
        format: Format::Module,
        options,
        hot: true,
        node: NodeVersion { major: 24, minor: 1 },
    }
}

fn unit(source: Source<'_>) -> Unit<'_> {
    Unit {
        hash: hash_of(&source.text),
        source,
    }
}

/// A cache with one entry, saved.
fn saved(folder: &Path, text: &str) -> Arc<Compiled> {
    let options = TsOptions::default();
    let unit = unit(source(text, &options));
    let compiled = Arc::new(compile(&unit.source).unwrap());
    let cache = Cache::open(folder, Path::new("/entry.ts"));
    cache.add(&unit, &compiled);
    cache.save();
    compiled
}

fn found(folder: &Path, text: &str) -> Option<Arc<Compiled>> {
    let options = TsOptions::default();
    Cache::open(folder, Path::new("/entry.ts")).get(&unit(source(text, &options)))
}

fn pack_of(folder: &Path) -> PathBuf {
    let mut files = fs::read_dir(folder).unwrap();
    let path = files.next().unwrap().unwrap().path();
    assert!(files.next().is_none());
    path
}

#[test]
fn what_was_saved_is_found_as_it_was() {
    let folder = TempDir::new();
    let compiled = saved(folder.path(), TEXT);
    assert_eq!(found(folder.path(), TEXT).as_deref(), Some(&*compiled));
    assert!(found(folder.path(), "1").is_none());
    // A second save keeps what the first one had.
    let alone = saved(folder.path(), "1");
    assert!(alone.code_alone().is_some());
    assert_eq!(found(folder.path(), "1").as_deref(), Some(&*alone));
    assert!(found(folder.path(), TEXT).is_some());
}

#[test]
fn all_that_matters_is_in_the_key() {
    let (options, other_options) = (
        TsOptions::default(),
        TsOptions {
            experimental_decorators: true,
            ..TsOptions::default()
        },
    );
    let plain = source("1", &options);
    let node = NodeVersion { major: 24, minor: 2 };
    let others = [
        Source {
            url: "file:///b.ts",
            ..plain
        },
        Source { text: "2", ..plain },
        Source {
            language: Language::Tsx,
            ..plain
        },
        Source {
            format: Format::TypeScriptLoose,
            ..plain
        },
        Source {
            options: &other_options,
            ..plain
        },
        Source { hot: false, ..plain },
        Source { node, ..plain },
    ];
    for other in others {
        assert_ne!(key_of(&unit(plain)), key_of(&unit(other)));
    }
}

#[test]
fn broken_packs_are_none() {
    let folder = TempDir::new();
    saved(folder.path(), TEXT);
    let path = pack_of(folder.path());
    let bytes = fs::read(&path).unwrap();
    for length in [0, 7, 31, 40, 64, 70, bytes.len() - 1] {
        fs::write(&path, &bytes[..length]).unwrap();
        assert!(found(folder.path(), TEXT).is_none(), "{length}");
    }
    for place in [0, 9, 17, 25, 40, 50, 70, bytes.len() - 1] {
        let mut broken = bytes.clone();
        broken[place] ^= 0x40;
        fs::write(&path, &broken).unwrap();
        assert!(found(folder.path(), TEXT).is_none(), "{place}");
    }
    // It mends itself.
    saved(folder.path(), TEXT);
    assert!(found(folder.path(), TEXT).is_some());
}

#[test]
fn the_room_is_bounded() {
    let folder = TempDir::new();
    let options = TsOptions::default();
    let unit = unit(source("1", &options));
    let compiled = Arc::new(Compiled {
        code: "x".repeat(4000),
        ..Compiled::default()
    });
    for entry in 0..5 {
        let cache = Cache::with_room(folder.path(), &PathBuf::from(format!("/{entry}.ts")), 10_000);
        cache.add(&unit, &compiled);
        cache.save();
    }
    let sizes: u64 = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().metadata().unwrap().len())
        .sum();
    assert!(sizes <= 10_000, "{sizes}");
}

#[test]
fn the_folder_is_where_it_was_asked_for() {
    let folder = TempDir::new();
    let deep = folder.path().join("a/b");
    fs::create_dir_all(&deep).unwrap();
    fs::create_dir(folder.path().join("a/node_modules")).unwrap();
    assert_eq!(
        cache_folder(None, &[&deep]),
        Some(folder.path().join("a/node_modules/.cache/node-hmr"))
    );
    assert_eq!(cache_folder(Some("0"), &[&deep]), None);
    assert_eq!(cache_folder(Some(""), &[&deep]), None);
    let chosen = folder.path().join("mine");
    assert_eq!(
        cache_folder(Some(&chosen.to_string_lossy()), &[&deep]),
        Some(chosen)
    );
}
