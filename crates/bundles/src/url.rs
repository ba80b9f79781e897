//! Addresses of repositories, with what is secret in them taken out.

use std::fmt;

use crate::access::Secret;

/// How `git` reaches a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// `https://` or `http://`
    Http,
    /// `ssh://` or `user@host:path`
    Ssh,
    /// A path, or `file://`.
    Local,
    /// `git://`
    Plain,
}

/// An address without user and password; those stand beside it.
#[derive(Clone, PartialEq, Eq)]
pub struct RepoUrl {
    /// What `git` gets and messages show.
    pub address: String,
    /// Name of the user in an HTTP address.
    pub username: Option<String>,
    /// Password or token in an HTTP address.
    pub password: Option<Secret>,
}

impl fmt::Debug for RepoUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.address)
    }
}

impl RepoUrl {
    /// Takes an address apart.
    ///
    /// # Errors
    /// It is empty, or could be taken for an option of `git`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.is_empty() {
            return Err("it is empty".into());
        }
        if text.starts_with('-') || text.contains(['\n', '\0']) || text.contains("::") {
            return Err(format!("'{text}' is no address of a repository"));
        }
        let plain = Self { address: text.to_owned(), username: None, password: None };
        let Some((scheme, rest)) = text.split_once("://") else { return Ok(plain) };
        if !matches!(scheme, "http" | "https") {
            return match scheme {
                "ssh" | "git" | "file" => Ok(plain),
                other => Err(format!("'{other}://' is not a way to reach a repository; use https:// or ssh://")),
            };
        }
        let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        let Some((user, host)) = authority.rsplit_once('@') else { return Ok(plain) };
        let (name, password) = user.split_once(':').map_or((user, None), |(name, word)| (name, Some(word)));
        Ok(Self {
            address: format!("{scheme}://{host}{path}"),
            username: Some(unescape(name)).filter(|name| !name.is_empty()),
            password: password.map(unescape).map(Secret::new),
        })
    }

    /// How it is reached.
    pub fn transport(&self) -> Transport {
        match self.address.split_once("://") {
            Some(("http" | "https", _)) => Transport::Http,
            Some(("ssh", _)) => Transport::Ssh,
            Some(("git", _)) => Transport::Plain,
            Some(_) => Transport::Local,
            // `host:path`, unless a slash comes before the colon.
            None => match self.address.split_once(':') {
                Some((host, _)) if !host.contains('/') => Transport::Ssh,
                _ => Transport::Local,
            },
        }
    }

    /// Scheme, host and port: what a credential is for.
    pub(crate) fn origin(&self) -> &str {
        let from = self.address.find("://").map_or(0, |at| at + 3);
        let end = self.address[from..].find('/').map_or(self.address.len(), |at| from + at);
        &self.address[..end]
    }

    /// The host, for messages.
    pub(crate) fn host(&self) -> &str {
        let rest = self.address.split_once("://").map_or(&*self.address, |(_, rest)| rest);
        let end = rest.find(['/', ':']).unwrap_or(rest.len());
        let authority = &rest[..end];
        authority.rsplit_once('@').map_or(authority, |(_, host)| host)
    }
}

/// Undoes `%41`.
fn unescape(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, more)) = rest.split_first() {
        let hex = more.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match hex.filter(|_| *first == b'%').and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                rest = &more[2..];
            }
            None => {
                out.push(*first);
                rest = more;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_taken_out_of_addresses() {
        let url = RepoUrl::parse("https://me:to%40ken@git.example.com:8443/a/b.git").unwrap();
        assert_eq!(url.address, "https://git.example.com:8443/a/b.git");
        assert_eq!((url.username.as_deref(), url.password.as_ref().map(Secret::text)), (Some("me"), Some("to@ken")));
        assert_eq!((url.origin(), url.host()), ("https://git.example.com:8443", "git.example.com"));
        assert!(!format!("{url:?}").contains("ken"));
    }

    #[test]
    fn transports_are_told_apart() {
        let of = |text: &str| RepoUrl::parse(text).map(|url| url.transport());
        assert_eq!(of("git@github.com:a/b.git"), Ok(Transport::Ssh));
        assert_eq!(of("ssh://git@h:2222/a"), Ok(Transport::Ssh));
        assert_eq!(of("https://h/a"), Ok(Transport::Http));
        assert_eq!(of("/srv/a.git"), Ok(Transport::Local));
        assert_eq!(of("./a:b"), Ok(Transport::Local));
        assert!(of("--upload-pack=x").is_err());
        assert!(of("ext::sh -c x").is_err());
        assert!(of("ftp://h/a").unwrap_err().contains("use https://"));
    }
}
