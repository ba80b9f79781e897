//! The embedded `airflow` package, and how it gets into a folder of Python packages.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::REQUIREMENTS;
use crate::commands::version::AIRFLOW_VERSION;

include!(concat!(env!("OUT_DIR"), "/airflow_package.rs"));

/// In `airflow/`: says that the folder is ours, and the hash of what was installed.
const MARKER: &str = ".tradewind";

/// Whose `airflow` a folder of packages has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// None.
    Nothing,
    /// Ours, as embedded.
    Current,
    /// Ours, of another version.
    Outdated,
    /// Somebody else's, such as the original.
    Foreign,
}

/// Looks into a folder of packages.
pub fn look(site: &Path) -> Found {
    let airflow = site.join("airflow");
    match fs::read_to_string(airflow.join(MARKER)) {
        Ok(hash) if hash.trim() == HASH => Found::Current,
        Ok(_) => Found::Outdated,
        Err(_) if airflow.exists() => Found::Foreign,
        Err(_) => Found::Nothing,
    }
}

/// Puts the package into a folder of packages, replacing an older one of ours, with metadata that makes pip see
/// `apache-airflow` as installed. `scripts` is where the environment's commands are, if it has such a place.
///
/// # Errors
/// I/O. The old package stays in place unless the new one is complete.
pub fn install(site: &Path, scripts: Option<&Path>) -> io::Result<()> {
    fs::create_dir_all(site)?;
    let aside = site.join(format!(".airflow-{}", std::process::id()));
    let _ = fs::remove_dir_all(&aside);
    let mut record = String::new();
    let mut write = |below: &str, content: &[u8]| -> io::Result<()> {
        let path = aside.join(below);
        fs::create_dir_all(path.parent().unwrap_or(&aside))?;
        fs::write(&path, content)?;
        let hash = base64url(&Sha256::digest(content));
        record.push_str(&format!("{below},sha256={hash},{}\n", content.len()));
        Ok(())
    };
    let info = format!("apache_airflow-{AIRFLOW_VERSION}.dist-info");
    let written = (|| {
        for (name, content) in FILES {
            write(&format!("airflow/{name}"), content)?;
        }
        write(&format!("airflow/{MARKER}"), HASH.as_bytes())?;
        write(&format!("{info}/METADATA"), metadata().as_bytes())?;
        write(&format!("{info}/INSTALLER"), b"tradewind\n")?;
        write(
            &format!("{info}/WHEEL"),
            b"Wheel-Version: 1.0\nGenerator: tradewind\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )?;
        write(&format!("{info}/top_level.txt"), b"airflow\n")
    })();
    let moved = written.and_then(|()| {
        record.push_str(&format!("{info}/RECORD,,\n"));
        fs::write(aside.join(&info).join("RECORD"), &record)?;
        for old in our_old_metadata(site)? {
            fs::remove_dir_all(old)?;
        }
        replace(&aside.join("airflow"), &site.join("airflow"))?;
        replace(&aside.join(&info), &site.join(&info))
    });
    let _ = fs::remove_dir_all(&aside);
    moved?;
    if let Some(scripts) = scripts {
        link_command(&scripts.join("airflow"))?;
    }
    Ok(())
}

/// Moves a folder to where another may be.
fn replace(from: &Path, to: &Path) -> io::Result<()> {
    let old = to.with_extension(format!("old-{}", std::process::id()));
    let had_one = match fs::rename(to, &old) {
        Ok(()) => true,
        Err(e) if e.kind() == io::ErrorKind::NotFound => false,
        Err(e) => return Err(e),
    };
    fs::rename(from, to)?;
    if had_one { fs::remove_dir_all(old) } else { Ok(()) }
}

/// Metadata folders that an earlier installation of ours left.
fn our_old_metadata(site: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(site)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let ours = fs::read_to_string(entry.path().join("INSTALLER")).is_ok_and(|text| text.trim() == "tradewind");
        if ours && name.starts_with("apache_airflow-") && name.ends_with(".dist-info") {
            found.push(entry.path());
        }
    }
    Ok(found)
}

/// Makes the environment's `airflow` command this binary, unless somebody else's is there.
fn link_command(link: &Path) -> io::Result<()> {
    let binary = std::env::current_exe()?;
    match fs::read_link(link) {
        Ok(target) if target == binary => return Ok(()),
        Ok(target) if target.file_name().is_some_and(|n| n == "tradewind") => fs::remove_file(link)?,
        Ok(_) => return Ok(()),
        Err(_) if link.exists() => return Ok(()),
        Err(_) => {}
    }
    std::os::unix::fs::symlink(binary, link)
}

fn metadata() -> String {
    let mut text = format!(
        "Metadata-Version: 2.1\nName: apache-airflow\nVersion: {AIRFLOW_VERSION}\n\
         Summary: Tradewind's authoring package and runtime, in the place of Apache Airflow's\n\
         License: Apache-2.0\nRequires-Python: >=3.9\n"
    );
    for requirement in REQUIREMENTS {
        text.push_str(&format!("Requires-Dist: {requirement}\n"));
    }
    text
}

fn base64url(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0u32, |bits, b| bits << 8 | u32::from(*b)) << (8 * (3 - chunk.len()));
        for n in 0..=chunk.len() {
            out.push(char::from(LETTERS[(bits >> (18 - 6 * n) & 63) as usize]));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn installs_updates_and_leaves_foreign_packages_alone() {
        let site = tempfile::tempdir().unwrap();
        let site = site.path();
        assert_eq!(look(site), Found::Nothing);
        install(site, None).unwrap();
        assert_eq!(look(site), Found::Current);
        fs::write(site.join("airflow").join(MARKER), "old").unwrap();
        fs::write(site.join("airflow/left_over.py"), "").unwrap();
        assert_eq!(look(site), Found::Outdated);
        install(site, None).unwrap();
        assert_eq!(look(site), Found::Current);
        assert!(!site.join("airflow/left_over.py").exists());
        assert_eq!(fs::read_dir(site).unwrap().count(), 2, "nothing else is left behind");

        let other = tempfile::tempdir().unwrap();
        fs::create_dir(other.path().join("airflow")).unwrap();
        assert_eq!(look(other.path()), Found::Foreign);
    }

    #[test]
    fn the_record_lists_every_file_with_its_hash() {
        let site = tempfile::tempdir().unwrap();
        install(site.path(), None).unwrap();
        let info = site.path().join(format!("apache_airflow-{AIRFLOW_VERSION}.dist-info"));
        let record = fs::read_to_string(info.join("RECORD")).unwrap();
        assert_eq!(record.lines().count(), FILES.len() + 6);
        assert!(FILES.iter().any(|(name, _)| *name == "__init__.py"));
        assert!(FILES.iter().all(|(name, _)| record.contains(&format!("airflow/{name},sha256="))));
        assert_eq!(base64url(&Sha256::digest(b"")), "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU");
    }
}
