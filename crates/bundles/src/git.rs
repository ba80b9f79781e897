//! A bundle in a Git repository.
//!
//! `<storage>/<bundle>/mirror` is a bare repository, `versions/<commit>` has the files of one commit, `current` leads
//! to the one that was tracked last. Any number of processes share them: who changes the mirror holds a lock, and who
//! uses a checkout holds a shared lock on it.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::access::Access;
use crate::clean::{self, Keep};
use crate::command::Git;
use crate::error::{GitError, What};
use crate::url::RepoUrl;

/// What makes a bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitSettings {
    /// Its name.
    pub name: String,
    /// Branch, tag or commit; `HEAD` is the repository's own choice.
    pub tracking_ref: String,
    /// The folder in the repository that has the DAG files; empty for all of it.
    pub subdir: String,
    /// So many commits of history, when not all.
    pub depth: Option<NonZeroU32>,
    /// No `.git` in checkouts.
    pub prune_dotgit: bool,
    /// The folder of its copies.
    pub place: PathBuf,
}

/// A bundle in a Git repository. Cheap to clone.
#[derive(Clone, Debug)]
pub struct GitBundle {
    settings: GitSettings,
}

/// The files of one commit; they stay while this lives.
#[derive(Debug)]
pub struct Checkout {
    /// The commit.
    pub version: String,
    /// The folder of DAG files: the subfolder in the checkout.
    pub root: PathBuf,
    _held: File,
}

impl GitBundle {
    /// A bundle; nothing is fetched yet.
    pub fn new(settings: GitSettings) -> Self {
        Self { settings }
    }

    /// What it is made of.
    pub fn settings(&self) -> &GitSettings {
        &self.settings
    }

    /// The folder of DAG files of the commit that was tracked last; there once [`GitBundle::refresh`] succeeded.
    pub fn current(&self) -> PathBuf {
        self.below(&self.settings.place.join("current"))
    }

    /// Brings the tracked commit here, and says which one it is.
    ///
    /// # Errors
    /// What is wrong with address, network, keys, branch or path. What was there stays.
    pub async fn refresh(&self, url: &RepoUrl, access: &Access) -> Result<Checkout, GitError> {
        let git = Git::new(url, access, &self.settings.place)?;
        let _lock = self.lock().await?;
        self.ensure_mirror(&git).await?;
        let (commit, reference) = self.resolve(&git, url).await?;
        if !self.has(&git, &commit).await {
            self.fetch(&git, url, &reference, self.settings.depth).await?;
        }
        let checkout = self.check_out(&git, &commit).await?;
        self.point_at(&commit)?;
        Ok(checkout)
    }

    /// The files of one commit; fetched if it is not here.
    ///
    /// # Errors
    /// The commit can't be had.
    pub async fn at(&self, commit: &str, url: &RepoUrl, access: &Access) -> Result<Checkout, GitError> {
        if !is_hash(commit) {
            return Err(GitError::new(What::Reference, format!("'{commit}' is no commit")));
        }
        if let Some(checkout) = self.here(commit) {
            return Ok(checkout);
        }
        let git = Git::new(url, access, &self.settings.place)?;
        let _lock = self.lock().await?;
        if let Some(checkout) = self.here(commit) {
            return Ok(checkout);
        }
        self.ensure_mirror(&git).await?;
        if !self.has(&git, commit).await {
            self.fetch_commit(&git, url, commit).await?;
        }
        self.check_out(&git, commit).await
    }

    /// The files of one commit, if they are here; needs no network.
    pub fn here(&self, commit: &str) -> Option<Checkout> {
        let folder = self.versions().join(commit);
        if !folder.is_dir() {
            return None;
        }
        let held = hold(&self.versions(), commit).ok()?;
        // It may have been removed before it was held.
        folder.is_dir().then(|| Checkout { version: commit.to_owned(), root: self.below(&folder), _held: held })
    }

    /// The checkout that was tracked last, if there is one; needs no network.
    pub fn last(&self) -> Option<Checkout> {
        self.here(&self.pointed_at()?)
    }

    /// Removes checkouts that nobody needs; answers how many.
    pub fn clean(&self, keep: Keep) -> usize {
        clean::clean(&self.versions(), self.pointed_at().as_deref(), keep)
    }

    fn pointed_at(&self) -> Option<String> {
        let target = fs::read_link(self.settings.place.join("current")).ok()?;
        Some(target.file_name()?.to_string_lossy().into_owned())
    }

    fn versions(&self) -> PathBuf {
        self.settings.place.join("versions")
    }

    fn mirror(&self) -> PathBuf {
        self.settings.place.join("mirror")
    }

    fn below(&self, folder: &Path) -> PathBuf {
        match self.settings.subdir.as_str() {
            "" => folder.to_owned(),
            subdir => folder.join(subdir),
        }
    }

    /// One process at a time changes the mirror.
    async fn lock(&self) -> Result<File, GitError> {
        let (place, versions) = (self.settings.place.clone(), self.versions());
        let locked = tokio::task::spawn_blocking(move || {
            fs::create_dir_all(versions)?;
            let file = File::options().create(true).truncate(false).write(true).open(place.join("lock"))?;
            file.lock()?;
            Ok(file)
        });
        let locked = locked.await.unwrap_or_else(|error| Err(io::Error::other(error)));
        locked.map_err(|error| self.unwritable(&error))
    }

    fn unwritable(&self, error: &io::Error) -> GitError {
        GitError::new(
            What::Disk,
            format!(
                "{} can't be written: {error}; choose another place with [dag_processor] dag_bundle_storage_path",
                self.settings.place.display()
            ),
        )
    }

    async fn in_mirror(&self, git: &Git<'_>, args: &[&str]) -> Result<String, GitError> {
        let mirror = self.mirror();
        let mut all: Vec<&OsStr> = vec![OsStr::new("--git-dir"), mirror.as_os_str()];
        all.extend(args.iter().map(OsStr::new));
        git.run(&all).await
    }

    async fn ensure_mirror(&self, git: &Git<'_>) -> Result<(), GitError> {
        if !self.mirror().join("HEAD").exists() {
            let mirror = self.mirror();
            git.run(&[OsStr::new("init"), OsStr::new("--quiet"), OsStr::new("--bare"), mirror.as_os_str()]).await?;
        }
        Ok(())
    }

    async fn has(&self, git: &Git<'_>, commit: &str) -> bool {
        self.in_mirror(git, &["cat-file", "-e", &format!("{commit}^{{tree}}")]).await.is_ok()
    }

    /// The commit that is to be tracked, and the name that it has there.
    async fn resolve(&self, git: &Git<'_>, url: &RepoUrl) -> Result<(String, String), GitError> {
        let wanted = self.settings.tracking_ref.as_str();
        if is_hash(wanted) {
            if !self.has(git, wanted).await {
                self.fetch_commit(git, url, wanted).await?;
            }
            return Ok((wanted.to_owned(), wanted.to_owned()));
        }
        let (branch, tag) = (format!("refs/heads/{wanted}"), format!("refs/tags/{wanted}"));
        let peeled = format!("{tag}^{{}}");
        let listed = match wanted {
            "HEAD" => self.list(git, url, &["HEAD"]).await?,
            full if full.starts_with("refs/") => self.list(git, url, &[full, &format!("{full}^{{}}")]).await?,
            _ => self.list(git, url, &[&branch, &tag, &peeled]).await?,
        };
        let of = |name: &str| listed.iter().find(|(_, n)| n == name).map(|(hash, n)| (hash.clone(), n.clone()));
        let found = match wanted {
            "HEAD" => of("HEAD"),
            full if full.starts_with("refs/") => {
                of(&format!("{full}^{{}}")).map(|(hash, _)| (hash, full.to_owned())).or_else(|| of(full))
            }
            _ => of(&branch).or_else(|| of(&peeled).map(|(hash, _)| (hash, tag.clone()))).or_else(|| of(&tag)),
        };
        if let Some(found) = found {
            return Ok(found);
        }
        let all = self.list(git, url, &["refs/heads/*", "refs/tags/*"]).await?;
        // The beginning of a commit's hash is one only in the whole history.
        if wanted.len() >= 7 && wanted.chars().all(|c| c.is_ascii_hexdigit()) && !all.is_empty() {
            self.fetch(git, url, "refs/heads/*", None).await?;
            if let Ok(hash) = self.in_mirror(git, &["rev-parse", "--verify", &format!("{wanted}^{{commit}}")]).await {
                return Ok((hash.trim().to_owned(), hash.trim().to_owned()));
            }
        }
        let names: Vec<&str> = all
            .iter()
            .filter(|(_, name)| !name.ends_with("^{}"))
            .filter_map(|(_, name)| name.strip_prefix("refs/heads/").or(name.strip_prefix("refs/tags/")))
            .collect();
        let there = match names.as_slice() {
            [] => "it is empty".to_owned(),
            names if names.len() > 12 => format!("it has {} and {} more", names[..12].join(", "), names.len() - 12),
            names => format!("it has {}", names.join(", ")),
        };
        Err(GitError::new(What::Reference, format!("{} has no branch, tag or commit '{wanted}'; {there}", url.address)))
    }

    /// Hash and name of references there.
    async fn list(&self, git: &Git<'_>, url: &RepoUrl, names: &[&str]) -> Result<Vec<(String, String)>, GitError> {
        let mut args = vec!["ls-remote", "--", &url.address];
        args.extend(names);
        let text = git.run(&args).await?;
        let pair = |line: &str| line.split_once('\t').map(|(hash, name)| (hash.to_owned(), name.to_owned()));
        Ok(text.lines().filter_map(pair).collect())
    }

    async fn fetch(&self, git: &Git<'_>, url: &RepoUrl, name: &str, depth: Option<NonZeroU32>) -> Result<(), GitError> {
        let refspec = match name {
            "HEAD" => "+HEAD:refs/tracked/HEAD".to_owned(),
            hash if is_hash(hash) => hash.to_owned(),
            name => format!("+{name}:refs/tracked/{}", name.trim_start_matches("refs/")),
        };
        let depth_arg = depth.map(|depth| format!("--depth={depth}"));
        let mut args = vec!["fetch", "--quiet", "--no-tags", "--force"];
        args.extend(depth_arg.as_deref());
        let shallow = self.mirror().join("shallow").exists();
        if depth.is_none() && shallow {
            args.push("--unshallow");
        }
        args.extend(["--", &url.address, &refspec]);
        self.in_mirror(git, &args).await.map(drop)
    }

    /// A commit that is not the tracked one: from the server by its name, else with the history of all branches.
    async fn fetch_commit(&self, git: &Git<'_>, url: &RepoUrl, commit: &str) -> Result<(), GitError> {
        let one = NonZeroU32::new(1);
        match self.fetch(git, url, commit, one).await {
            Ok(()) if self.has(git, commit).await => return Ok(()),
            Ok(()) => {}
            // The server is away, or knows us not: a longer question gets no better answer.
            Err(error) if !matches!(error.what, What::Git | What::Address) => return Err(error),
            Err(_) => {}
        }
        self.fetch(git, url, "refs/heads/*", None).await?;
        if self.has(git, commit).await {
            return Ok(());
        }
        Err(GitError::new(
            What::Reference,
            format!("{} has no commit {commit} any more; was its branch rewritten?", url.address),
        ))
    }

    /// Makes the folder of a commit that the mirror has.
    async fn check_out(&self, git: &Git<'_>, commit: &str) -> Result<Checkout, GitError> {
        if let Some(checkout) = self.here(commit) {
            return self.with_subdir(checkout);
        }
        let versions = self.versions();
        let new = versions.join(format!("{commit}.new"));
        let _ = fs::remove_dir_all(&new);
        let place = versions.join(commit);
        if self.settings.prune_dotgit {
            fs::create_dir_all(&new).map_err(|error| self.unwritable(&error))?;
            let index = versions.join(format!("{commit}.index"));
            let _ = fs::remove_file(&index);
            let mirror = self.mirror();
            let args: Vec<&OsStr> = vec![
                OsStr::new("--git-dir"),
                mirror.as_os_str(),
                OsStr::new("--work-tree"),
                new.as_os_str(),
                OsStr::new("checkout"),
                OsStr::new("--quiet"),
                OsStr::new("--force"),
                OsStr::new(commit),
                OsStr::new("--"),
                OsStr::new("."),
            ];
            let made = git.run_with(&args, &[("GIT_INDEX_FILE", index.as_os_str())]).await;
            let _ = fs::remove_file(&index);
            made?;
        } else {
            let _ = self.in_mirror(git, &["worktree", "prune"]).await;
            let folder = place.display().to_string();
            self.in_mirror(git, &["worktree", "add", "--quiet", "--force", "--detach", &folder, commit]).await?;
        }
        if self.settings.prune_dotgit {
            fs::rename(&new, &place).map_err(|error| self.unwritable(&error))?;
        }
        if place.join(".gitmodules").exists() {
            tracing::warn!(bundle = self.settings.name, "the repository has submodules, and those are not fetched");
        }
        match self.here(commit) {
            Some(checkout) => self.with_subdir(checkout),
            None => Err(GitError::new(What::Disk, format!("{} is gone again", place.display()))),
        }
    }

    /// The folder of DAG files must be there.
    fn with_subdir(&self, checkout: Checkout) -> Result<Checkout, GitError> {
        if checkout.root.is_dir() {
            return Ok(checkout);
        }
        let top = self.versions().join(&checkout.version);
        let mut folders: Vec<String> = fs::read_dir(&top)
            .into_iter()
            .flatten()
            .flatten()
            .filter(|entry| entry.path().is_dir())
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .filter(|name| !name.starts_with('.'))
            .collect();
        folders.sort();
        let there =
            if folders.is_empty() { "it has no folders".into() } else { format!("it has {}", folders.join(", ")) };
        Err(GitError::new(
            What::Path,
            format!(
                "there is no folder '{}' in the repository at {} ({}); {there}",
                self.settings.subdir,
                &checkout.version[..12.min(checkout.version.len())],
                self.settings.tracking_ref
            ),
        ))
    }

    /// Makes `current` lead to a commit, in one step.
    fn point_at(&self, commit: &str) -> Result<(), GitError> {
        if self.pointed_at().as_deref() == Some(commit) {
            return Ok(());
        }
        let new = self.settings.place.join("current.new");
        let _ = fs::remove_file(&new);
        std::os::unix::fs::symlink(Path::new("versions").join(commit), &new)
            .and_then(|()| fs::rename(&new, self.settings.place.join("current")))
            .map_err(|error| self.unwritable(&error))
    }
}

/// The whole name of a commit.
fn is_hash(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.chars().all(|c| c.is_ascii_hexdigit())
}

/// The file that users of a checkout hold.
pub(crate) fn lock_of(versions: &Path, commit: &str) -> PathBuf {
    versions.join(format!("{commit}.used"))
}

/// When a checkout was used last.
pub(crate) fn last_use(versions: &Path, commit: &str) -> SystemTime {
    let file = fs::metadata(lock_of(versions, commit)).or_else(|_| fs::metadata(versions.join(commit)));
    file.and_then(|meta| meta.modified()).unwrap_or(SystemTime::UNIX_EPOCH)
}

/// Holds a checkout, and notes that it is used.
fn hold(versions: &Path, commit: &str) -> io::Result<File> {
    let file = File::options().create(true).truncate(false).write(true).open(lock_of(versions, commit))?;
    file.lock_shared()?;
    let _ = file.set_modified(SystemTime::now());
    Ok(file)
}
