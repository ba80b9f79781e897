//! Embeds the sources of the `airflow` package: writes a table of all its files and a hash over them.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

fn main() {
    // Where this crate is now: a build directory may have been made by a checkout in another place.
    let here = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo"));
    let package = here.join("../../python/airflow");
    let package = package.canonicalize().unwrap_or(package);
    println!("cargo::rerun-if-changed={}", package.display());
    let mut files = Vec::new();
    collect(&package, &mut files);
    assert!(!files.is_empty(), "the airflow package is not in {}", package.display());
    files.sort();
    // What editors are told about old import paths, which have no file of their own.
    let stubs = package.with_file_name("airflow-stubs");
    println!("cargo::rerun-if-changed={}", stubs.display());
    let mut more = Vec::new();
    collect(&stubs, &mut more);
    more.sort();
    files.append(&mut more);
    let mut hash = Sha256::new();
    let mut table =
        String::from("/// Path (below the folder that has `airflow/`) and content of every file of the package.\n");
    table.push_str("pub const FILES: &[(&str, &[u8])] = &[\n");
    let above = package.parent().expect("above the package");
    for file in &files {
        let name = file.strip_prefix(above).expect("below the package").to_str().expect("UTF-8 names");
        let content = std::fs::read(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        hash.update((name.len() as u64).to_be_bytes());
        hash.update(name);
        hash.update((content.len() as u64).to_be_bytes());
        hash.update(&content);
        writeln!(table, "    ({name:?}, include_bytes!({:?})),", file.display().to_string()).expect("into a string");
    }
    table.push_str("];\n");
    let examples = here.join("../../examples/dags");
    println!("cargo::rerun-if-changed={}", examples.display());
    let mut files = Vec::new();
    collect(&examples, &mut files);
    files.sort();
    table.push_str("/// Name and content of every example DAG file.\npub const EXAMPLES: &[(&str, &[u8])] = &[\n");
    for file in &files {
        let file = file.canonicalize().unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let name = file.file_name().and_then(|n| n.to_str()).expect("UTF-8 names");
        writeln!(table, "    ({name:?}, include_bytes!({:?})),", file.display().to_string()).expect("into a string");
    }
    table.push_str("];\n");
    let hash = hash.finalize().iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    writeln!(table, "/// Over names and contents.\npub const HASH: &str = {hash:?};").expect("into a string");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("set by cargo"));
    std::fs::write(out.join("airflow_package.rs"), table).expect("OUT_DIR is writable");
}

/// Every file of the package, without what Python leaves behind when it runs.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir() {
            if name != "__pycache__" {
                collect(&path, files);
            }
        } else if path.extension().is_none_or(|e| e != "pyc") {
            files.push(path);
        }
    }
}
