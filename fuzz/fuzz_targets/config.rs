//! Any text as `airflow.cfg`: read or refused with the line.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/cli/src/config/ini.rs"]
mod ini;

fuzz_target!(|text: &str| {
    match ini::parse(Path::new("airflow.cfg"), text) {
        Ok(entries) => {
            for entry in entries {
                assert!(entry.line >= 1 && entry.line <= text.lines().count(), "{entry:?}");
            }
        }
        Err(error) => assert!(error.line >= 1 && error.line <= text.lines().count(), "{error}"),
    }
});
