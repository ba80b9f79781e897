//! How one may reach a repository: user, token, key, known hosts. Put where `git` and `ssh` read it, for one command.

use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::error::{GitError, What};
use crate::url::{RepoUrl, Transport};

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps it.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Shows it.
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// A private key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// In a file.
    File(PathBuf),
    /// Itself.
    Text(Secret),
}

/// Whether a host's key must be known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HostKeys {
    /// Unknown hosts are refused.
    #[default]
    Known,
    /// The first key that a host shows is kept; another one later is refused.
    AcceptNew,
    /// Anything goes.
    Unchecked,
}

/// Everything that a repository may ask for.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// Of HTTP.
    pub username: Option<String>,
    /// Password or token of HTTP.
    pub password: Option<Secret>,
    /// Of SSH; without one, what the user's own `ssh` would take.
    pub key: Option<Key>,
    /// Of the key.
    pub passphrase: Option<Secret>,
    /// Instead of `~/.ssh/known_hosts`.
    pub known_hosts_file: Option<PathBuf>,
    /// Lines of such a file.
    pub known_hosts: Option<String>,
    /// How strict one is about it.
    pub host_keys: HostKeys,
    /// Instead of `~/.ssh/config`.
    pub ssh_config_file: Option<PathBuf>,
    /// `ProxyCommand` of `ssh`.
    pub host_proxy_cmd: Option<String>,
    /// Port, where the address names none.
    pub ssh_port: Option<u16>,
    /// Certificates that an HTTPS server's is checked against.
    pub ca_file: Option<PathBuf>,
}

/// What a command gets; the files are gone when this is dropped.
pub(crate) struct Prepared {
    /// Variables.
    pub env: Vec<(OsString, OsString)>,
    _folder: Option<tempfile::TempDir>,
}

impl Access {
    /// Writes the secrets to files of this user alone.
    pub(crate) fn prepare(&self, url: &RepoUrl, place: &Path) -> Result<Prepared, GitError> {
        let io =
            |error: io::Error| GitError::new(What::Disk, format!("secrets can't be put into a private file: {error}"));
        let mut config: Vec<(String, String)> = vec![
            // The mirror may belong to another user on a volume; nothing in it is run.
            ("safe.directory".into(), "*".into()),
            ("credential.helper".into(), String::new()),
            ("core.hooksPath".into(), "/dev/null".into()),
            ("protocol.ext.allow".into(), "never".into()),
            ("http.lowSpeedLimit".into(), "1".into()),
            ("http.lowSpeedTime".into(), "60".into()),
            ("gc.auto".into(), "0".into()),
            ("advice.detachedHead".into(), "false".into()),
        ];
        let mut env: Vec<(OsString, OsString)> =
            vec![("GIT_TERMINAL_PROMPT".into(), "0".into()), ("LC_ALL".into(), "C".into())];
        let mut folder = None;
        match url.transport() {
            Transport::Http => {
                if let Some(password) = self.password.as_ref().or(url.password.as_ref()) {
                    let user = self.username.as_deref().or(url.username.as_deref()).unwrap_or("user");
                    let dir = private_folder().map_err(io)?;
                    let file = dir.path().join("credential");
                    write_private(&file, &format!("username={user}\npassword={}\n", password.text())).map_err(io)?;
                    // For this server alone: one that it leads on to is not told.
                    let helper = format!("!f() {{ test \"$1\" != get || cat '{}'; }}; f", file.display());
                    config.push((format!("credential.{}.helper", url.origin()), helper));
                    folder = Some(dir);
                }
                if let Some(ca) = &self.ca_file {
                    readable(ca, "the file of certificates")?;
                    // Wins over the configuration and over a variable that is there already.
                    env.push(("GIT_SSL_CAINFO".into(), ca.into()));
                }
            }
            Transport::Ssh => {
                let dir = private_folder().map_err(io)?;
                let command = self.ssh(dir.path(), place)?;
                env.push(("GIT_SSH_COMMAND".into(), command.into()));
                env.push(("GIT_SSH_VARIANT".into(), "ssh".into()));
                if let Some(passphrase) = &self.passphrase {
                    write_private(&dir.path().join("passphrase"), &format!("{}\n", passphrase.text())).map_err(io)?;
                    let asker = dir.path().join("ask");
                    let script = format!("#!/bin/sh\nexec cat '{}'\n", dir.path().join("passphrase").display());
                    fs::write(&asker, script).map_err(io)?;
                    executable(&asker).map_err(io)?;
                    env.push(("SSH_ASKPASS".into(), asker.into()));
                    env.push(("SSH_ASKPASS_REQUIRE".into(), "force".into()));
                }
                folder = Some(dir);
            }
            Transport::Local | Transport::Plain => {}
        }
        env.push(("GIT_CONFIG_COUNT".into(), config.len().to_string().into()));
        for (n, (key, value)) in config.into_iter().enumerate() {
            env.push((format!("GIT_CONFIG_KEY_{n}").into(), key.into()));
            env.push((format!("GIT_CONFIG_VALUE_{n}").into(), value.into()));
        }
        Ok(Prepared { env, _folder: folder })
    }

    /// The `ssh` command line, as a shell reads it.
    fn ssh(&self, private: &Path, place: &Path) -> Result<String, GitError> {
        let io =
            |error: io::Error| GitError::new(What::Disk, format!("secrets can't be put into a private file: {error}"));
        let mut words: Vec<String> = vec!["ssh".into()];
        if let Some(file) = &self.ssh_config_file {
            readable(file, "the ssh configuration")?;
            words.extend(["-F".into(), file.display().to_string()]);
        }
        if let Some(port) = self.ssh_port {
            words.extend(["-p".into(), port.to_string()]);
        }
        let mut options: Vec<String> = vec!["ConnectTimeout=20".into(), "ServerAliveInterval=15".into()];
        if self.passphrase.is_none() {
            options.push("BatchMode=yes".into());
        } else {
            // A passphrase is all that is ever asked for.
            options.extend(
                ["PasswordAuthentication=no", "KbdInteractiveAuthentication=no", "NumberOfPasswordPrompts=1"]
                    .map(String::from),
            );
        }
        let key = match &self.key {
            None => None,
            Some(Key::File(file)) => {
                readable(file, "the private key")?;
                open_to_others(file)?;
                Some(file.clone())
            }
            Some(Key::Text(text)) => {
                let file = private.join("key");
                // ssh wants the last line to end, which a value of a variable seldom does.
                write_private(&file, &format!("{}\n", text.text().replace("\r\n", "\n").trim_end())).map_err(io)?;
                Some(file)
            }
        };
        if let Some(file) = key {
            words.extend(["-i".into(), file.display().to_string()]);
            options.push("IdentitiesOnly=yes".into());
        }
        let known = match (&self.known_hosts, &self.known_hosts_file, self.host_keys) {
            (Some(lines), _, _) => {
                let file = private.join("known_hosts");
                write_private(&file, &format!("{}\n", lines.trim_end())).map_err(io)?;
                Some(file)
            }
            (None, Some(file), _) => {
                readable(file, "the file of known hosts")?;
                Some(file.clone())
            }
            // What was seen first is kept beside the mirror.
            (None, None, HostKeys::AcceptNew) => Some(place.join("known_hosts")),
            (None, None, HostKeys::Unchecked) => Some("/dev/null".into()),
            (None, None, HostKeys::Known) => None,
        };
        if let Some(file) = known {
            options.push(format!("UserKnownHostsFile={}", file.display()));
        }
        options.push(format!(
            "StrictHostKeyChecking={}",
            match self.host_keys {
                HostKeys::Known => "yes",
                HostKeys::AcceptNew => "accept-new",
                HostKeys::Unchecked => "no",
            }
        ));
        if let Some(command) = &self.host_proxy_cmd {
            options.push(format!("ProxyCommand={command}"));
        }
        for option in options {
            words.extend(["-o".into(), option]);
        }
        Ok(words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" "))
    }

    /// Texts that must never be shown.
    pub(crate) fn secrets(&self, url: &RepoUrl) -> Vec<String> {
        let mut secrets = Vec::new();
        secrets.extend(
            [&self.password, &url.password, &self.passphrase].into_iter().flatten().map(|s| s.text().to_owned()),
        );
        if let Some(Key::Text(key)) = &self.key {
            secrets.push(key.text().to_owned());
        }
        secrets.retain(|secret| !secret.is_empty());
        secrets
    }
}

/// A word as a shell reads it.
fn quoted(word: &str) -> String {
    if word.chars().all(|c| c.is_ascii_alphanumeric() || "-_=./:,@%+".contains(c)) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

fn private_folder() -> io::Result<tempfile::TempDir> {
    // Made with rights for its owner alone.
    tempfile::Builder::new().prefix("tradewind-git-").tempdir()
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?.write_all(text.as_bytes())
}

fn executable(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o700))
}

/// Says in advance what `ssh` and `git` would only hint at.
fn readable(file: &Path, what: &str) -> Result<(), GitError> {
    match fs::File::open(file) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(GitError::new(What::Key, format!("{what} {} is not there", file.display())))
        }
        Err(error) => Err(GitError::new(
            What::KeyRights,
            format!(
                "{what} {} can't be read: {error}; in Kubernetes set the volume's defaultMode or the pod's fsGroup, elsewhere \
             chown it to the user that runs Tradewind",
                file.display()
            ),
        )),
    }
}

/// `ssh` passes over a key of its own user that others may read.
fn open_to_others(file: &Path) -> Result<(), GitError> {
    let Ok(meta) = fs::metadata(file) else { return Ok(()) };
    let mine = fs::metadata("/proc/self").is_ok_and(|me| me.uid() == meta.uid());
    match meta.mode() & 0o777 {
        mode if mine && mode & 0o077 != 0 => Err(GitError::new(
            What::KeyRights,
            format!(
                "the private key {} has rights {mode:04o}, and ssh takes none that others may read: chmod 600 it",
                file.display()
            ),
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_for_the_shell() {
        assert_eq!(quoted("StrictHostKeyChecking=yes"), "StrictHostKeyChecking=yes");
        assert_eq!(quoted("ProxyCommand=nc -x 'a' %h %p"), r"'ProxyCommand=nc -x '\''a'\'' %h %p'");
    }

    #[test]
    fn secrets_are_in_files_that_go_away() {
        let place = tempfile::tempdir().unwrap();
        let url = RepoUrl::parse("https://u:tok3n@h/a").unwrap();
        let prepared = Access::default().prepare(&url, place.path()).unwrap();
        let text: Vec<String> = prepared.env.iter().map(|(_, value)| value.to_string_lossy().into_owned()).collect();
        let text = text.join(" ");
        assert!(!text.contains("tok3n"), "{text}");
        let file = text.split("cat '").nth(1).unwrap().split('\'').next().unwrap().to_owned();
        assert!(fs::read_to_string(&file).unwrap().contains("password=tok3n"));
        assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
        drop(prepared);
        assert!(!Path::new(&file).exists());
    }
}
