//! What can be wrong with a repository, told from what `git` and `ssh` say.

use std::fmt;

/// The part of the set-up that is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The address leads nowhere: no such host, or no repository there.
    Address,
    /// The host is not reached.
    Network,
    /// The server's certificate is not trusted.
    Certificate,
    /// The host's key is unknown or another one than before.
    HostKey,
    /// The key's file is missing or is no key.
    Key,
    /// The key can't be read, others can read it, or the server does not let it in.
    KeyRights,
    /// User, password or token are refused.
    Credentials,
    /// There is no such branch, tag or commit.
    Reference,
    /// There is no such folder in the repository.
    Path,
    /// Files can't be written here.
    Disk,
    /// `git` or `ssh` is missing, or said something else.
    Git,
}

impl What {
    /// One or two words.
    pub fn word(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Network => "network",
            Self::Certificate => "certificate",
            Self::HostKey => "host key",
            Self::Key => "key",
            Self::KeyRights => "key rights",
            Self::Credentials => "credentials",
            Self::Reference => "branch",
            Self::Path => "path",
            Self::Disk => "disk",
            Self::Git => "git",
        }
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Why a repository can't be used; never with a secret in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {message}")]
pub struct GitError {
    /// Which part is wrong.
    pub what: What,
    /// In words, with what to do.
    pub message: String,
}

impl GitError {
    /// An error in words.
    pub fn new(what: What, message: impl Into<String>) -> Self {
        Self { what, message: message.into() }
    }

    /// From the error output of a command that talked to `host` for `address`.
    pub(crate) fn told(stderr: &str, address: &str, host: &str) -> Self {
        let lower = stderr.to_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
        let said = gist(stderr);
        let (what, message) = if has(&["remote host identification has changed", "host key for"]) && has(&["changed"]) {
            (
                What::HostKey,
                format!(
                    "{host} shows another host key than the known one; if the change is known to be right, replace it in known_hosts ({said})"
                ),
            )
        } else if has(&["host key verification failed", "no matching host key"]) {
            (
                What::HostKey,
                format!(
                    "the host key of {host} is not known; put the output of `ssh-keyscan {host}` into known_hosts after comparing it with what the host's owner publishes"
                ),
            )
        } else if has(&["error in libcrypto", "invalid format", "no such identity", "load key"])
            && !has(&["unprotected"])
        {
            (
                What::Key,
                format!(
                    "ssh can't use the private key ({said}); it must be whole, in OpenSSH or PEM form, with the right passphrase if it has one"
                ),
            )
        } else if has(&["unprotected private key"]) {
            (What::KeyRights, "others may read the private key, and ssh takes none like that: chmod 600 it".to_owned())
        } else if has(&[
            "permission denied (",
            "too many authentication failures",
            "marked as read only",
            "key you are authenticating with",
        ]) {
            (
                What::KeyRights,
                format!(
                    "{host} does not let this key in; add its public half to the repository as a deploy key ({said})"
                ),
            )
        } else if has(&[
            "authentication failed",
            "could not read username",
            "could not read password",
            "invalid username or",
            "error: 401",
            "error: 403",
            "http basic: access denied",
            "terminal prompts disabled",
        ]) {
            (
                What::Credentials,
                format!("{host} does not accept the user and token for {address}, or wants some and got none"),
            )
        } else if has(&[
            "ssl certificate problem",
            "server certificate verification failed",
            "certificate verify",
            "unable to get local issuer",
            "self-signed certificate",
            "self signed certificate",
        ]) {
            (
                What::Certificate,
                format!(
                    "the certificate of {host} is not trusted ({said}); name the authority's certificates with ca_file"
                ),
            )
        } else if has(&[
            "could not resolve host",
            "name or service not known",
            "temporary failure in name resolution",
            "no address associated",
            "unable to look up",
        ]) {
            (What::Address, format!("there is no host {host}: {address} is misspelt, or names are not resolved here"))
        } else if has(&[
            "connection refused",
            "connection timed out",
            "timed out",
            "no route to host",
            "network is unreachable",
            "failed to connect",
            "couldn't connect",
            "connection reset",
            "connection closed by",
            "operation too slow",
            "proxy",
        ]) {
            (What::Network, format!("{host} is not reached ({said}); look at the port, firewalls and network policies"))
        } else if has(&[
            "repository not found",
            "not found",
            "does not appear to be a git repository",
            "does not exist",
            "no such file or directory",
            "repository '",
            "not a git repository",
            "error: 404",
        ]) {
            (What::Address, format!("there is no repository at {address}, or not for this user ({said})"))
        } else if has(&["no space left", "permission denied", "read-only file system", "unable to create"]) {
            (What::Disk, format!("the copy of {address} can't be written here ({said})"))
        } else {
            (What::Git, format!("git failed with {address}: {said}"))
        };
        Self { what, message }
    }
}

/// The line that says most.
fn gist(stderr: &str) -> String {
    let noise = |line: &&str| {
        let line = line.trim();
        !line.is_empty()
            && !line.starts_with("Warning: Permanently added")
            && !line.contains("@@@@")
            && !line.starts_with("hint:")
            && !line.starts_with("Please make sure")
            && !line.starts_with("and the repository exists")
            && !line.contains("Could not read from remote repository")
    };
    let lines: Vec<&str> = stderr.lines().filter(noise).map(str::trim).collect();
    let best = lines.iter().find(|line| {
        let lower = line.to_lowercase();
        lower.starts_with("ssh:") || lower.contains("error") || lower.contains("denied") || lower.starts_with("fatal:")
    });
    let line = best.or(lines.last()).copied().unwrap_or("it said nothing");
    line.trim_start_matches("fatal: ").trim_start_matches("remote: ").chars().take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_programs_say_is_understood() {
        let cases = [
            (
                What::HostKey,
                "No ED25519 host key is known for github.com and you have requested strict checking.\r\nHost key verification failed.\r\nfatal: Could not read from remote repository.",
            ),
            (
                What::HostKey,
                "@@@@@\n@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\n@@@@\nHost key verification failed.",
            ),
            (
                What::KeyRights,
                "git@github.com: Permission denied (publickey).\nfatal: Could not read from remote repository.",
            ),
            (
                What::KeyRights,
                "Permissions 0644 for 'k' are too open.\nWARNING: UNPROTECTED PRIVATE KEY FILE!\nLoad key \"k\": bad permissions\ngit@h: Permission denied (publickey).",
            ),
            (What::Key, "Load key \"/k\": error in libcrypto\ngit@h: Permission denied (publickey)."),
            (
                What::Address,
                "ssh: Could not resolve hostname nowhere.invalid: Name or service not known\nfatal: Could not read from remote repository.",
            ),
            (What::Address, "fatal: unable to access 'https://x.invalid/a/': Could not resolve host: x.invalid"),
            (What::Address, "ERROR: Repository not found.\nfatal: Could not read from remote repository."),
            (
                What::Address,
                "fatal: '/srv/x' does not appear to be a git repository\nfatal: Could not read from remote repository.",
            ),
            (What::Address, "remote: Not Found\nfatal: repository 'http://h/x.git/' not found"),
            (What::Network, "ssh: connect to host h port 22: Connection refused"),
            (
                What::Network,
                "fatal: unable to access 'https://h/': Failed to connect to h port 443 after 2 ms: Couldn't connect to server",
            ),
            (
                What::Credentials,
                "remote: Invalid username or password.\nfatal: Authentication failed for 'https://h/a/'",
            ),
            (What::Credentials, "fatal: could not read Username for 'https://h': terminal prompts disabled"),
            (
                What::Certificate,
                "fatal: unable to access 'https://h/a/': SSL certificate problem: self-signed certificate",
            ),
            (What::Disk, "fatal: could not create leading directories of 'x': No space left on device"),
            (What::Git, "fatal: something else"),
        ];
        for (what, stderr) in cases {
            let error = GitError::told(stderr, "https://h/a", "h");
            assert_eq!(error.what, what, "{stderr}\n{error}");
        }
    }
}
