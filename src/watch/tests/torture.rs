//! A seeded random editor. The law: after quiet, what was loaded last is what the file holds.

use std::collections::HashMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::bench::Bench;
use super::random::Random;
use crate::watch::WatchKey;

const NAMES: &[&str] = &[
    "a/one",
    "a/two",
    "a/deep/three",
    "b/one",
    "b/deep/two",
    "link/one",
    "link/deep/three",
    "c/file",
];

struct Editor {
    random: Random,
    top: PathBuf,
    version: u64,
}

impl Editor {
    fn text(&mut self) -> String {
        self.version += 1;
        format!("{:04}", self.version)
    }

    /// Does one thing at random; most fail now and then, since the way there is missing.
    fn step(&mut self) {
        let index = usize::try_from(self.random.below(NAMES.len() as u64)).unwrap();
        let path = self.top.join(NAMES[index]);
        let text = self.text();
        let _ = match self.random.below(14) {
            0..=3 => fs::write(&path, text),
            4..=5 => {
                let other = path.with_extension("tmp");
                fs::write(&other, text).and_then(|()| fs::rename(&other, &path))
            }
            6 => fs::rename(&path, path.with_extension("bak")).and_then(|()| fs::write(&path, text)),
            7 => fs::remove_file(&path),
            8 => pieces(&path, &text),
            9 => self.switch("a"),
            10 => self.switch("b"),
            11 => self.retarget(),
            12 => fs::remove_dir_all(self.top.join("b")),
            _ => self.build(),
        };
    }

    fn switch(&mut self, name: &str) -> std::io::Result<()> {
        let (here, away) = (self.top.join(name), self.top.join(format!("{name}.away")));
        if here.exists() && away.exists() {
            let spare = self.top.join("spare");
            fs::rename(&here, &spare)?;
            fs::rename(&away, &here)?;
            fs::rename(&spare, &away)
        } else if here.exists() {
            fs::rename(&here, &away)
        } else {
            fs::rename(&away, &here)
        }
    }

    fn retarget(&mut self) -> std::io::Result<()> {
        let target = if self.random.below(2) == 0 { "a" } else { "b" };
        let link = self.top.join("link.tmp");
        std::os::unix::fs::symlink(target, &link)?;
        fs::rename(&link, self.top.join("link"))
    }

    fn build(&mut self) -> std::io::Result<()> {
        for name in ["a/deep", "b/deep", "c"] {
            fs::create_dir_all(self.top.join(name))?;
        }
        for name in NAMES {
            let path = self.top.join(name);
            if !path.exists() {
                let text = self.text();
                fs::write(path, text)?;
            }
        }
        Ok(())
    }
}

fn pieces(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = fs::File::create(path)?;
    for byte in text.bytes() {
        file.write_all(&[byte])?;
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok(())
}

fn torture(seed: u64, steps: u32) {
    let mut bench = Bench::new();
    let top = bench.path("tree");
    fs::create_dir(&top).unwrap();
    std::os::unix::fs::symlink("a", top.join("link")).unwrap();
    let mut editor = Editor {
        random: Random::new(seed),
        top: top.clone(),
        version: 0,
    };
    editor.build().unwrap();
    let mut loaded: HashMap<WatchKey, Option<String>> = HashMap::new();
    let mut paths = HashMap::new();
    for name in NAMES {
        let path = top.join(name);
        let text = fs::read_to_string(&path).ok();
        let key = bench.watch_path(&path, crate::watch::WatchOptions::default());
        loaded.insert(key, text);
        paths.insert(key, path);
    }
    let writer = std::thread::spawn(move || {
        for _ in 0..steps {
            editor.step();
            if editor.random.below(3) == 0 {
                std::thread::sleep(Duration::from_millis(editor.random.below(30)));
            }
        }
    });
    let mut quiet_since = Instant::now();
    while !writer.is_finished() || quiet_since.elapsed() < Duration::from_millis(800) {
        for load in bench.next_within(Duration::from_millis(50)) {
            quiet_since = Instant::now();
            loaded.insert(load.due.key, load.text);
        }
        if !writer.is_finished() {
            quiet_since = Instant::now();
        }
    }
    writer.join().unwrap();
    for (key, text) in loaded {
        let path = &paths[&key];
        assert_eq!(
            text,
            fs::read_to_string(path).ok(),
            "seed {seed}: {}",
            path.display()
        );
    }
}

#[test]
fn short() {
    for seed in 1..4 {
        torture(seed, 150);
    }
}

/// `NODE_HMR_TORTURE=<seed>,<steps> cargo test -- --ignored torture::long`
#[test]
#[ignore = "as long as you ask for"]
fn long() {
    let asked = std::env::var("NODE_HMR_TORTURE").unwrap_or_else(|_| "1,10000".to_owned());
    let (seed, steps) = asked.split_once(',').unwrap();
    torture(seed.parse().unwrap(), steps.parse().unwrap());
}
