//! The embedded `airflow` package, and how it gets into a folder of Python packages.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::{PROVIDERS_ASSUME, REQUIREMENTS};
use crate::commands::version::AIRFLOW_VERSION;

include!(concat!(env!("OUT_DIR"), "/airflow_package.rs"));

/// In `airflow/`: says that the folder is ours, and the hash of what was installed.
const MARKER: &str = ".tradewind";

/// In a folder of packages that pip writes to: the folder that has our `airflow` and nothing else. A `.pth` file puts
/// it on Python's path. `pip` installs providers into `airflow/providers` beside it, and the two never share a file.
const APART: &str = "tradewind_airflow";

/// Says after the version, in metadata, whose distribution it is. It counts as newer than the original of that version.
const LOCAL: &str = "+tradewind";

/// The distributions that our package takes the place of, with their versions: providers and users' requirements
/// name them, and each of the originals would put its own `airflow` over ours.
const DISTRIBUTIONS: [(&str, &str); 3] = [
    ("apache-airflow", AIRFLOW_VERSION),
    ("apache-airflow-core", AIRFLOW_VERSION),
    ("apache-airflow-task-sdk", TASK_SDK_VERSION),
];

/// The version of the task SDK that came with [`AIRFLOW_VERSION`].
const TASK_SDK_VERSION: &str = "1.3.2";

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

/// How the package lies in a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// In an environment's folder of packages, apart from what pip writes there.
    Environment,
    /// In a folder of its own, which goes on `PYTHONPATH`.
    Alone,
}

impl Layout {
    /// The folder that has `airflow`.
    pub fn root(self, site: &Path) -> PathBuf {
        match self {
            Self::Environment => site.join(APART),
            Self::Alone => site.to_owned(),
        }
    }
}

/// Looks into a folder of packages.
pub fn look(site: &Path) -> Found {
    let marker = |root: &Path| fs::read_to_string(root.join("airflow").join(MARKER)).ok();
    let flat = marker(site);
    if flat.is_none() && site.join("airflow/__init__.py").exists() {
        return Found::Foreign;
    }
    match marker(&site.join(APART)).or(flat) {
        Some(hash) if hash.trim() == HASH => Found::Current,
        Some(_) => Found::Outdated,
        None => Found::Nothing,
    }
}

/// Distributions of another engine in a folder of packages: their files are in the place of ours, or among them.
pub fn foreign_engines(site: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(site).into_iter().flatten().flatten() {
        let folder = entry.file_name().to_string_lossy().into_owned();
        let Some((name, _)) = folder.strip_suffix(".dist-info").and_then(|stem| stem.rsplit_once('-')) else {
            continue;
        };
        let ours = fs::read_to_string(entry.path().join("INSTALLER")).is_ok_and(|text| text.trim() == "tradewind");
        if is_engine(name) && !ours {
            found.push(name.replace('_', "-"));
        }
    }
    found.sort();
    found
}

/// Whether requirements that name this distribution are met by ours.
pub fn is_engine(name: &str) -> bool {
    let name = super::requirements::normal(name);
    DISTRIBUTIONS.iter().any(|(ours, _)| *ours == name)
}

/// Puts the package into a folder of packages, replacing an older one of ours, with metadata that makes pip see
/// `apache-airflow` and its parts as installed. `scripts` is where the environment's commands are, if it has such a
/// place.
///
/// # Errors
/// I/O. The old package stays in place unless the new one is complete.
pub fn install(site: &Path, layout: Layout, scripts: Option<&Path>) -> io::Result<()> {
    fs::create_dir_all(site)?;
    let aside = site.join(format!(".airflow-{}", std::process::id()));
    let _ = fs::remove_dir_all(&aside);
    let written = write(&aside, layout);
    let moved = written.and_then(|()| {
        remove_old(site, layout)?;
        for entry in fs::read_dir(&aside)? {
            let entry = entry?;
            replace(&entry.path(), &site.join(entry.file_name()))?;
        }
        Ok(())
    });
    let _ = fs::remove_dir_all(&aside);
    moved?;
    if let Some(scripts) = scripts {
        link_command(&scripts.join("airflow"))?;
    }
    Ok(())
}

/// Writes the package with its metadata into an empty folder.
fn write(folder: &Path, layout: Layout) -> io::Result<()> {
    let root = layout.root(Path::new(""));
    let mut files: Vec<(PathBuf, Vec<u8>)> =
        FILES.iter().map(|(name, content)| (root.join(name), content.to_vec())).collect();
    files.push((root.join("airflow").join(MARKER), HASH.into()));
    if layout == Layout::Environment {
        files.push((format!("{APART}.pth").into(), format!("{APART}\n").into()));
    }
    for (name, version) in DISTRIBUTIONS {
        let info = info_folder(name, version);
        for (file, content) in [
            ("METADATA", metadata(name, version)),
            ("INSTALLER", "tradewind\n".to_owned()),
            (
                "WHEEL",
                "Wheel-Version: 1.0\nGenerator: tradewind\nRoot-Is-Purelib: true\nTag: py3-none-any\n".to_owned(),
            ),
        ] {
            files.push((info.join(file), content.into()));
        }
        // Everything so far that no other distribution recorded.
        let mut record = String::new();
        for (below, content) in files.drain(..) {
            let path = folder.join(&below);
            fs::create_dir_all(path.parent().unwrap_or(folder))?;
            fs::write(&path, &content)?;
            let hash = base64url(&Sha256::digest(&content));
            record.push_str(&format!("{},sha256={hash},{}\n", below.display(), content.len()));
        }
        let place = info.join("RECORD");
        record.push_str(&format!("{},,\n", place.display()));
        fs::write(folder.join(place), record)?;
    }
    Ok(())
}

fn info_folder(name: &str, version: &str) -> PathBuf {
    format!("{}-{version}{LOCAL}.dist-info", name.replace('-', "_")).into()
}

/// Moves a file or folder to where another may be.
fn replace(from: &Path, to: &Path) -> io::Result<()> {
    if from.is_file() {
        return fs::rename(from, to);
    }
    let old = to.with_extension(format!("old-{}", std::process::id()));
    let had_one = match fs::rename(to, &old) {
        Ok(()) => true,
        Err(e) if e.kind() == io::ErrorKind::NotFound => false,
        Err(e) => return Err(e),
    };
    fs::rename(from, to)?;
    if had_one { fs::remove_dir_all(old) } else { Ok(()) }
}

/// Removes the metadata of an earlier installation of ours, and its package if it lay among pip's files.
fn remove_old(site: &Path, layout: Layout) -> io::Result<()> {
    for entry in fs::read_dir(site)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let ours = fs::read_to_string(entry.path().join("INSTALLER")).is_ok_and(|text| text.trim() == "tradewind");
        if ours && name.starts_with("apache_airflow") && name.ends_with(".dist-info") {
            fs::remove_dir_all(entry.path())?;
        }
    }
    let flat = site.join("airflow");
    if layout == Layout::Environment && flat.join(MARKER).exists() {
        for entry in fs::read_dir(&flat)? {
            let entry = entry?;
            match entry.file_type()?.is_dir() {
                // What pip installed is there as well.
                true if entry.file_name() == "providers" => {}
                true => fs::remove_dir_all(entry.path())?,
                false => fs::remove_file(entry.path())?,
            }
        }
    }
    Ok(())
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

/// What pip is told about a distribution. The first is the package; the others only lead to it.
fn metadata(name: &str, version: &str) -> String {
    let mut text = format!(
        "Metadata-Version: 2.1\nName: {name}\nVersion: {version}{LOCAL}\n\
         Summary: Tradewind's authoring package and runtime, in the place of Apache Airflow's\n\
         License: Apache-2.0\nRequires-Python: >=3.9\n"
    );
    if name == DISTRIBUTIONS[0].0 {
        for requirement in REQUIREMENTS.iter().chain(PROVIDERS_ASSUME) {
            text.push_str(&format!("Requires-Dist: {requirement}\n"));
        }
    } else {
        text.push_str(&format!("Requires-Dist: {}=={AIRFLOW_VERSION}{LOCAL}\n", DISTRIBUTIONS[0].0));
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
        for (layout, entries) in [(Layout::Environment, 5), (Layout::Alone, 5)] {
            let site = tempfile::tempdir().unwrap();
            let site = site.path();
            assert_eq!(look(site), Found::Nothing);
            install(site, layout, None).unwrap();
            assert_eq!(look(site), Found::Current);
            let airflow = layout.root(site).join("airflow");
            fs::write(airflow.join(MARKER), "old").unwrap();
            fs::write(airflow.join("left_over.py"), "").unwrap();
            assert_eq!(look(site), Found::Outdated);
            install(site, layout, None).unwrap();
            assert_eq!(look(site), Found::Current);
            assert!(!airflow.join("left_over.py").exists());
            assert_eq!(fs::read_dir(site).unwrap().count(), entries, "nothing else is left behind");
        }
        let other = tempfile::tempdir().unwrap();
        fs::create_dir(other.path().join("airflow")).unwrap();
        assert_eq!(look(other.path()), Found::Nothing, "a folder of providers alone is nobody's airflow");
        fs::write(other.path().join("airflow/__init__.py"), "").unwrap();
        assert_eq!(look(other.path()), Found::Foreign);
    }

    #[test]
    fn providers_that_pip_installed_stay_where_they_are() {
        let site = tempfile::tempdir().unwrap();
        let site = site.path();
        // As an earlier version of ours lay there, with a provider that pip put into it.
        fs::create_dir_all(site.join("airflow/providers/http")).unwrap();
        fs::create_dir_all(site.join("airflow/sdk")).unwrap();
        for file in ["airflow/__init__.py", "airflow/sdk/__init__.py", "airflow/providers/http/__init__.py"] {
            fs::write(site.join(file), "").unwrap();
        }
        fs::write(site.join("airflow").join(MARKER), "old").unwrap();
        assert_eq!(look(site), Found::Outdated);
        for _ in 0..2 {
            install(site, Layout::Environment, None).unwrap();
            assert_eq!(look(site), Found::Current);
            assert!(site.join("airflow/providers/http/__init__.py").exists());
            assert!(!site.join("airflow/__init__.py").exists());
            assert!(!site.join("airflow/sdk").exists());
        }
    }

    #[test]
    fn the_record_lists_every_file_with_its_hash() {
        let site = tempfile::tempdir().unwrap();
        install(site.path(), Layout::Environment, None).unwrap();
        let record =
            |name, version| fs::read_to_string(site.path().join(info_folder(name, version)).join("RECORD")).unwrap();
        let [(name, version), _, (sdk, its_version)] = DISTRIBUTIONS;
        let package = record(name, version);
        assert_eq!(package.lines().count(), FILES.len() + 6);
        assert!(FILES.iter().any(|(name, _)| *name == "airflow/__init__.py"));
        assert!(FILES.iter().all(|(name, _)| package.contains(&format!("{APART}/{name},sha256="))));
        assert_eq!(record(sdk, its_version).lines().count(), 4);
        assert_eq!(base64url(&Sha256::digest(b"")), "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU");
    }
}
