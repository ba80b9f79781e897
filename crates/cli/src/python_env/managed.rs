//! Environments that we make. Each has a folder with numbered generations in it, and a link `current` to the one in
//! force: a new generation is built beside and put in force by one rename.
//!
//! ```text
//! $AIRFLOW_HOME/.tradewind/environments/default/3/      a virtual environment
//! $AIRFLOW_HOME/.tradewind/environments/default/current -> 3
//! $AIRFLOW_HOME/venv -> .tradewind/environments/default/current
//! ```

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::name::{COMMON, EnvironmentName};

/// In a generation: says that it is complete, and how it was made.
const RECORD: &str = "tradewind.json";
/// The link.
const CURRENT: &str = "current";

/// How a generation was made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// What the `airflow` package needed then.
    pub base: Vec<String>,
    /// The Python that it was made from.
    pub python: PathBuf,
    /// The requirements file that was installed, if one was.
    pub requirements: Option<PathBuf>,
    /// Hash over what it said.
    pub wanted: Option<String>,
}

/// One managed environment.
#[derive(Clone, Debug)]
pub struct Managed {
    folder: PathBuf,
    /// A second link, for people.
    shown: Option<PathBuf>,
}

impl Managed {
    /// The environment of that name; `None` for one that is not ours to manage.
    pub fn of(home: &Path, name: &EnvironmentName) -> Option<Self> {
        let environments = home.join(".tradewind/environments");
        match name {
            EnvironmentName::Common => Some(Self { folder: environments.join(COMMON), shown: Some(home.join("venv")) }),
            EnvironmentName::Named(name) => Some(Self { folder: environments.join(name), shown: None }),
            EnvironmentName::At(_) => None,
        }
    }

    /// Names of those that there are, in order.
    pub fn names(home: &Path) -> Vec<String> {
        let Ok(entries) = fs::read_dir(home.join(".tradewind/environments")) else { return Vec::new() };
        let made = entries.flatten().filter(|entry| entry.path().join(CURRENT).exists());
        let mut names: Vec<String> = made.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// The link to the generation in force.
    pub fn link(&self) -> PathBuf {
        self.folder.join(CURRENT)
    }

    /// The generation in force.
    pub fn current(&self) -> Option<PathBuf> {
        tradewind_worker::host::led_to(&self.link()).filter(|folder| folder.is_dir())
    }

    /// How the generation in force was made.
    pub fn record(&self) -> Option<Record> {
        read_record(&self.current()?)
    }

    /// Whether `path` is this environment, or in it.
    pub fn holds(&self, path: &Path) -> bool {
        path.starts_with(&self.folder) || self.shown.as_ref().is_some_and(|shown| path.starts_with(shown))
    }

    /// A folder for the next generation; it does not exist yet. What earlier attempts left behind is removed.
    ///
    /// # Errors
    /// I/O.
    pub fn next(&self) -> io::Result<PathBuf> {
        fs::create_dir_all(&self.folder)?;
        let mut newest = 0;
        for (number, path) in self.generations()? {
            newest = newest.max(number);
            if read_record(&path).is_none() {
                fs::remove_dir_all(&path)?;
            }
        }
        Ok(self.folder.join((newest + 1).to_string()))
    }

    /// Puts a complete generation in force and removes older ones that nobody uses any more.
    ///
    /// # Errors
    /// I/O. The old one stays in force.
    pub fn switch(&self, generation: &Path, record: &Record) -> io::Result<()> {
        fs::write(generation.join(RECORD), serde_json::to_string_pretty(record)? + "\n")?;
        let before = self.current();
        let name = generation.file_name().unwrap_or_default();
        let aside = self.folder.join(format!(".{CURRENT}-{}", std::process::id()));
        let _ = fs::remove_file(&aside);
        std::os::unix::fs::symlink(name, &aside)?;
        fs::rename(&aside, self.link())?;
        self.show()?;
        for (_, path) in self.generations()? {
            let wanted = path == generation || before.as_ref() == Some(&path) || in_use(&path);
            if !wanted && let Err(error) = fs::remove_dir_all(&path) {
                tracing::warn!(folder = %path.display(), %error, "an environment that is out of use stays behind");
            }
        }
        Ok(())
    }

    /// Whether a folder is the common environment as earlier versions of ours made it.
    pub fn is_old(folder: &Path) -> bool {
        folder.join(".tradewind").exists()
    }

    /// Makes the link for people, unless something of theirs is there.
    fn show(&self) -> io::Result<()> {
        let Some(shown) = &self.shown else { return Ok(()) };
        if !shown.is_symlink() && Self::is_old(shown) && !in_use(shown) {
            fs::remove_dir_all(shown)?;
        }
        match fs::symlink_metadata(shown) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                std::os::unix::fs::symlink(Path::new(".tradewind/environments").join(COMMON).join(CURRENT), shown)
            }
            _ => Ok(()),
        }
    }

    fn generations(&self) -> io::Result<Vec<(u64, PathBuf)>> {
        let numbered = |entry: fs::DirEntry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path()));
        Ok(fs::read_dir(&self.folder)?.flatten().filter_map(numbered).collect())
    }
}

fn read_record(generation: &Path) -> Option<Record> {
    serde_json::from_slice(&fs::read(generation.join(RECORD)).ok()?).ok()
}

/// Whether a process of this machine was started from the environment.
fn in_use(generation: &Path) -> bool {
    let Ok(processes) = fs::read_dir("/proc") else { return true };
    processes.flatten().any(|process| {
        let command = fs::read(process.path().join("cmdline")).unwrap_or_default();
        let program = command.split(|byte| *byte == 0).next().unwrap_or_default();
        Path::new(&*String::from_utf8_lossy(program)).starts_with(generation)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn generation(managed: &Managed) -> PathBuf {
        let folder = managed.next().unwrap();
        fs::create_dir(&folder).unwrap();
        folder
    }

    #[test]
    fn a_generation_comes_into_force_by_one_link_and_old_ones_go() {
        let home = tempfile::tempdir().unwrap();
        let managed = Managed::of(home.path(), &EnvironmentName::Common).unwrap();
        assert_eq!(managed.current(), None);
        let first = generation(&managed);
        managed.switch(&first, &Record::default()).unwrap();
        assert_eq!(managed.current(), Some(first.clone()));
        assert!(home.path().join("venv/tradewind.json").exists());

        let given_up = generation(&managed);
        let second = generation(&managed);
        assert!(!given_up.exists() || given_up == second, "what was not finished is made anew");
        managed.switch(&second, &Record { wanted: Some("x".into()), ..Record::default() }).unwrap();
        assert_eq!(managed.record().unwrap().wanted.as_deref(), Some("x"));
        assert!(first.exists(), "tasks that run may still need the one before");

        let third = generation(&managed);
        managed.switch(&third, &Record::default()).unwrap();
        assert!(!first.exists() && second.exists());
        assert_eq!(Managed::names(home.path()), ["default"]);
    }

    #[test]
    fn a_folder_of_the_users_own_is_left_alone() {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("venv")).unwrap();
        let managed = Managed::of(home.path(), &EnvironmentName::Common).unwrap();
        let first = generation(&managed);
        managed.switch(&first, &Record::default()).unwrap();
        assert!(home.path().join("venv").is_dir() && !home.path().join("venv").is_symlink());
    }

    #[test]
    fn an_environment_that_a_process_runs_in_is_in_use() {
        let home = tempfile::tempdir().unwrap();
        assert!(!in_use(home.path()));
        let program = std::env::current_exe().unwrap();
        assert!(in_use(program.parent().unwrap()));
    }
}
