//! `requirements.lock`: exactly what an environment has, with hashes, so that the next one is the same.

use std::fs;
use std::io;
use std::path::Path;

use serde_json::Value;

use super::requirements::{Requirements, normal};

const WANTED: &str = "# wanted: ";
const PYTHON: &str = "# python: ";

/// A package and where it came from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Locked {
    /// Name, as indexes compare it.
    pub name: String,
    /// Exact version.
    pub version: String,
    /// SHA-256 of the file that was installed; `None` for what comes from a folder or a repository.
    pub sha256: Option<String>,
    /// Where it is, if not on an index: as requirements say it, after the `@`.
    pub address: Option<String>,
}

/// A lock that is there already.
#[derive(Debug)]
pub struct Lock {
    /// What it pins.
    pub requirements: Requirements,
    /// What was asked for when we wrote it; `None` when somebody else did.
    pub wanted: Option<String>,
    /// Version of Python and platform that it was made on.
    pub python: Option<String>,
}

impl Lock {
    /// Reads it; `None` if there is none.
    ///
    /// # Errors
    /// It is there and can't be read.
    pub fn read(path: &Path) -> Result<Option<Self>, super::requirements::ReadError> {
        if !path.exists() {
            return Ok(None);
        }
        let requirements = Requirements::read(path)?;
        let text = fs::read_to_string(path).unwrap_or_default();
        let said =
            |mark: &str| text.lines().find_map(|line| line.strip_prefix(mark)).map(|rest| rest.trim().to_owned());
        Ok(Some(Self { requirements, wanted: said(WANTED), python: said(PYTHON) }))
    }

    /// `name==version` of everything that it pins to one version, for pip's constraints; those of `but` are left free.
    pub fn constraints(&self, but: impl Fn(&str, &str) -> bool) -> Vec<String> {
        let pins = self.requirements.lines.iter().filter_map(|line| {
            let name = line.name()?;
            let rest = line.text[name.len()..].trim_start().strip_prefix("==")?;
            let version = rest.split([' ', ';']).next()?.trim();
            (!super::package::is_engine(name) && !but(&normal(name), version)).then(|| format!("{name}=={version}"))
        });
        pins.collect()
    }
}

/// What pip's reports (`--report`) say was installed, in the order of names.
///
/// # Errors
/// They are none.
pub fn installed(reports: &[String]) -> Result<Vec<Locked>, serde_json::Error> {
    let mut all = Vec::new();
    for report in reports {
        let report: Value = serde_json::from_str(report)?;
        for item in report["install"].as_array().into_iter().flatten() {
            let info = &item["download_info"];
            let hash = &info["archive_info"]["hashes"]["sha256"];
            let sha256 = hash.as_str().map(str::to_owned);
            let url = info["url"].as_str().unwrap_or_default();
            let address = item["is_direct"].as_bool().unwrap_or(false).then(|| match info["vcs_info"].as_object() {
                Some(vcs) => {
                    let text = |key: &str| vcs.get(key).and_then(Value::as_str).unwrap_or_default();
                    format!("{}+{url}@{}", text("vcs"), text("commit_id"))
                }
                None => url.to_owned(),
            });
            let text = |key: &str| item["metadata"][key].as_str().unwrap_or_default().to_owned();
            all.push(Locked { name: normal(&text("name")), version: text("version"), sha256, address });
        }
    }
    all.sort();
    Ok(all)
}

/// The text of a lock.
pub fn text(packages: &[Locked], from: &Requirements, file: &str, wanted: &str, python: &str) -> String {
    let mut out = format!(
        "# Written by `tradewind env sync` from {file}: change that file, and this one follows.\n{WANTED}{wanted}\n\
         {PYTHON}{python}\n"
    );
    for source in from.sources() {
        out.push_str(source);
        out.push('\n');
    }
    // pip wants hashes of all or of none.
    let hashes = packages.iter().all(|package| package.sha256.is_some());
    if !hashes {
        let without: Vec<&str> =
            packages.iter().filter(|package| package.sha256.is_none()).map(|package| package.name.as_str()).collect();
        out.push_str(&format!("# Without hashes, because there can be none of: {}\n", without.join(", ")));
    }
    for package in packages {
        match &package.address {
            Some(address) => out.push_str(&format!("{} @ {address}", package.name)),
            None => out.push_str(&format!("{}=={}", package.name, package.version)),
        }
        if let (true, Some(hash)) = (hashes, &package.sha256) {
            out.push_str(&format!(" \\\n    --hash=sha256:{hash}"));
        }
        out.push('\n');
    }
    out
}

/// Writes it in one step, unless it says the same already. Whether it was written.
///
/// # Errors
/// I/O.
pub fn write(path: &Path, text: &str) -> io::Result<bool> {
    if fs::read_to_string(path).is_ok_and(|there| there == text) {
        return Ok(false);
    }
    let aside = path.with_extension(format!("lock-{}", std::process::id()));
    fs::write(&aside, text)?;
    fs::rename(&aside, path).inspect_err(|_| {
        let _ = fs::remove_file(&aside);
    })?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = r#"{"version": "1", "install": [
        {"metadata": {"name": "Six_Seven", "version": "1.16"}, "is_direct": false,
         "download_info": {"url": "https://h/six.whl", "archive_info": {"hashes": {"sha256": "aa"}}}},
        {"metadata": {"name": "own", "version": "2"}, "is_direct": true,
         "download_info": {"url": "https://h/own.git", "vcs_info": {"vcs": "git", "commit_id": "c0ffee"}}}]}"#;

    #[test]
    fn a_report_becomes_a_lock_that_is_read_again() {
        let packages = installed(&[REPORT.to_owned()]).unwrap();
        assert_eq!(packages[0].address.as_deref(), Some("git+https://h/own.git@c0ffee"));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("requirements.lock");
        assert!(Lock::read(&path).unwrap().is_none());
        let with_hashes = text(&packages[1..], &Requirements::default(), "requirements.txt", "w", "3.11 x");
        assert!(write(&path, &with_hashes).unwrap());
        assert!(!write(&path, &with_hashes).unwrap());
        let lock = Lock::read(&path).unwrap().unwrap();
        assert_eq!((lock.wanted.as_deref(), lock.python.as_deref()), (Some("w"), Some("3.11 x")));
        assert!(lock.requirements.has_hashes());
        assert_eq!(lock.constraints(|_, _| false), ["six-seven==1.16"]);
        assert!(lock.constraints(|name, _| name == "six-seven").is_empty());

        let without = text(&packages, &Requirements::default(), "requirements.txt", "w", "3.11 x");
        assert!(without.contains("own @ git+https://h/own.git@c0ffee\n") && !without.contains("--hash"), "{without}");
    }

    #[test]
    fn the_lock_of_somebody_else_is_told_from_ours() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("requirements.lock");
        fs::write(&path, "apache-airflow==1.10.10\nsix==1.15.0\n").unwrap();
        let lock = Lock::read(&path).unwrap().unwrap();
        assert_eq!(lock.wanted, None);
        assert_eq!(lock.constraints(|_, _| false), ["six==1.15.0"]);
    }
}
