//! Runs `git`.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use crate::access::{Access, Prepared};
use crate::error::{GitError, What};
use crate::url::RepoUrl;

/// The longest that one command may take: a large repository over a slow line.
const LONGEST: Duration = Duration::from_secs(1800);

/// `git` for one repository, with what it needs to reach it.
pub(crate) struct Git<'a> {
    url: &'a RepoUrl,
    prepared: Prepared,
    secrets: Vec<String>,
    has_key: bool,
}

impl<'a> Git<'a> {
    /// Gets ready.
    pub(crate) fn new(url: &'a RepoUrl, access: &Access, place: &Path) -> Result<Self, GitError> {
        let has_key = access.key.is_some();
        Ok(Self { url, prepared: access.prepare(url, place)?, secrets: access.secrets(url), has_key })
    }

    /// Runs a command and answers what it printed.
    pub(crate) async fn run<S: AsRef<OsStr>>(&self, args: &[S]) -> Result<String, GitError> {
        self.run_with(args, &[]).await
    }

    /// The same with more environment.
    pub(crate) async fn run_with<S: AsRef<OsStr>>(
        &self,
        args: &[S],
        env: &[(&str, &OsStr)],
    ) -> Result<String, GitError> {
        let mut command = Command::new("git");
        command.args(args).stdin(Stdio::null()).kill_on_drop(true);
        for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_TRACE", "GIT_CURL_VERBOSE", "GIT_TRACE_CURL"] {
            command.env_remove(name);
        }
        command.envs(self.prepared.env.iter().map(|(k, v)| (k, v))).envs(env.iter().copied());
        let output = match tokio::time::timeout(LONGEST, command.output()).await {
            Ok(Ok(output)) => output,
            Ok(Err(error)) => {
                return Err(GitError::new(
                    What::Git,
                    format!("`git` can't be run: {error}; install git (and openssh-client)"),
                ));
            }
            Err(_) => {
                return Err(GitError::new(
                    What::Network,
                    format!("{} took longer than half an hour", self.url.address),
                ));
            }
        };
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let mut said = String::from_utf8_lossy(&output.stderr).into_owned();
        for secret in &self.secrets {
            said = said.replace(secret.as_str(), "***");
        }
        let host = self.url.host();
        let told = GitError::told(&said, &self.url.address, host);
        if told.what == What::KeyRights && !self.has_key {
            let message = format!(
                "{host} lets nobody in without a key, and none was given (nor does this user have one that fits); the \
                 connection's key_file or private_key names it, in the chart dags.gitSync.sshKeySecret"
            );
            return Err(GitError::new(What::Key, message));
        }
        Err(told)
    }
}
