//! Build script: tells the linker what a Node-API addon needs, and the cache which compiler has compiled.
use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

fn main() {
    napi_build::setup();
    let compiler = Path::new("src/es/compile");
    let mut hasher = DefaultHasher::new();
    for file in files_below(compiler) {
        fs::read(file).ok().hash(&mut hasher);
    }
    println!("cargo::rerun-if-changed={}", compiler.display());
    println!("cargo::rerun-if-changed=Cargo.lock");
    fs::read("Cargo.lock").ok().hash(&mut hasher);
    println!("cargo::rustc-env=HMR_COMPILER={:016x}", hasher.finish());
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(path);
        }
    }
    files.sort();
    files
}
