//! Git bundles as `[dag_processor] dag_bundle_config_list` writes them: the arguments of Airflow's `GitDagBundle`, and
//! connections of the type `git`.

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Map, Value};
use tradewind_bundles::{Access, GitSettings, HostKeys, Key, RepoUrl, Secret};
use tradewind_store::Connection;

/// A bundle in a Git repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitSpec {
    /// What makes it.
    pub settings: GitSettings,
    /// Its address, unless the connection has it.
    pub repo_url: Option<String>,
    /// Its connection; without one, and with an address, the user's own keys are used.
    pub conn_id: Option<String>,
    /// Folder with the secrets of git-sync: `ssh`, `known_hosts`, `username`, `password`.
    pub credentials: Option<PathBuf>,
    /// How strict one is about hosts, when no connection says it.
    pub host_keys: HostKeys,
    /// Certificates of HTTPS servers, when no connection says it.
    pub ca_file: Option<PathBuf>,
    /// Time between looks at the repository; that of `[dag_processor] refresh_interval` without one.
    pub refresh: Option<Duration>,
    /// The dag-processor ends after more failures in a row.
    pub max_failures: Option<u32>,
}

/// Arguments that Airflow's bundle or its base class has, and ours: the last five.
const KNOWN: [&str; 19] = [
    "name",
    "view_url_template",
    "version",
    "view_url",
    "environment",
    "team_name",
    "sparse_dirs",
    "submodules",
    "tracking_ref",
    "subdir",
    "git_conn_id",
    "repo_url",
    "prune_dotgit_folder",
    "refresh_interval",
    "depth",
    "max_failures",
    "credentials_folder",
    "strict_host_key_checking",
    "ca_file",
];

impl GitSpec {
    /// Reads the arguments of a bundle; relative paths are below `home`.
    ///
    /// # Errors
    /// One clause about what is wrong.
    pub fn read(name: &str, kwargs: &Map<String, Value>, storage: &Path, home: &Path) -> Result<Self, String> {
        if let Some(other) = kwargs.keys().find(|key| !KNOWN.contains(&key.as_str())) {
            return Err(format!("GitDagBundle takes no '{other}'; it takes {}", KNOWN[8..].join(", ")));
        }
        let text = |key: &str| match &kwargs.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty())),
            Some(other) => Err(format!("{key} is {other}, and should be a text")),
        };
        let number = |key: &str| match &kwargs.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match value.as_f64().or_else(|| value.as_str()?.trim().parse().ok()) {
                Some(number) if (0.0..1e9).contains(&number) => Ok(Some(number)),
                _ => Err(format!("{key} is {value}, and should be a number")),
            },
        };
        for (key, instead) in [
            ("submodules", "put the files into the repository itself"),
            ("sparse_dirs", "use subdir"),
            ("version", "use tracking_ref"),
            ("team_name", "there are no teams"),
        ] {
            if kwargs.get(key).is_some_and(|value| !matches!(value, Value::Null | Value::Bool(false))) {
                return Err(format!("{key} is not available: {instead}"));
            }
        }
        let subdir = text("subdir")?.unwrap_or_default();
        let subdir = subdir.trim_matches('/').trim_start_matches("./").to_owned();
        if subdir.split('/').any(|part| part == "..") {
            return Err(format!("subdir '{subdir}' leads out of the repository"));
        }
        let tracking_ref = text("tracking_ref")?.ok_or("GitDagBundle needs a tracking_ref: a branch, tag or commit")?;
        if tracking_ref.starts_with('-') || tracking_ref.contains([' ', '*', ':', '^', '~', '?', '[', '\\']) {
            return Err(format!("tracking_ref '{tracking_ref}' is no name of a branch, tag or commit"));
        }
        let (repo_url, conn_id) = (text("repo_url")?, text("git_conn_id")?);
        if let Some(url) = &repo_url {
            RepoUrl::parse(url).map_err(|what| format!("repo_url: {what}"))?;
        }
        // As in Airflow: its connection is git_default unless something else says where the repository is.
        let conn_id = conn_id.or_else(|| repo_url.is_none().then(|| "git_default".to_owned()));
        let whole = |number: f64| number as u32;
        Ok(Self {
            settings: GitSettings {
                name: name.to_owned(),
                tracking_ref,
                subdir,
                depth: number("depth")?.map(whole).and_then(NonZeroU32::new),
                prune_dotgit: kwargs.get("prune_dotgit_folder").and_then(Value::as_bool).unwrap_or(true),
                place: storage.join(name),
            },
            repo_url,
            conn_id,
            credentials: text("credentials_folder")?.map(|path| home.join(path)),
            host_keys: match text("strict_host_key_checking")? {
                Some(word) => host_keys(&word)?,
                None => HostKeys::Known,
            },
            ca_file: text("ca_file")?.map(|path| home.join(path)),
            refresh: number("refresh_interval")?.map(|seconds| Duration::from_secs_f64(seconds.max(0.1))),
            max_failures: number("max_failures")?.map(whole),
        })
    }

    /// The address and how to reach it; `connection` is the one of [`GitSpec::conn_id`].
    ///
    /// # Errors
    /// One clause about what is wrong with the connection.
    pub fn reach(&self, connection: Option<&Connection>) -> Result<(RepoUrl, Access), String> {
        let mut access = Access { host_keys: self.host_keys, ca_file: self.ca_file.clone(), ..Access::default() };
        if let Some(folder) = &self.credentials {
            from_folder(&mut access, folder);
        }
        let mut address = self.repo_url.clone();
        if let Some(connection) = connection {
            if connection.conn_type != "git" {
                return Err(format!(
                    "the connection '{}' is of the type '{}', not git",
                    connection.conn_id, connection.conn_type
                ));
            }
            address = address.or_else(|| connection.host.clone());
            from_connection(&mut access, connection)
                .map_err(|what| format!("the connection '{}': {what}", connection.conn_id))?;
        }
        let address = address.ok_or_else(|| match &self.conn_id {
            Some(id) => {
                format!("the connection '{id}' has no host, which is the repository's address; or set repo_url")
            }
            None => "repo_url is missing".to_owned(),
        })?;
        Ok((RepoUrl::parse(&address)?, access))
    }
}

fn host_keys(word: &str) -> Result<HostKeys, String> {
    match word.to_lowercase().as_str() {
        "yes" | "true" | "ask" => Ok(HostKeys::Known),
        "accept-new" => Ok(HostKeys::AcceptNew),
        "no" | "off" | "false" => Ok(HostKeys::Unchecked),
        other => Err(format!("strict_host_key_checking is '{other}', and should be yes, accept-new or no")),
    }
}

/// The files that git-sync reads, by the names of its secrets.
fn from_folder(access: &mut Access, folder: &Path) {
    let file = |names: &[&str]| names.iter().map(|name| folder.join(name)).find(|path| path.exists());
    let text = |names: &[&str]| {
        file(names).and_then(|path| std::fs::read_to_string(path).ok()).map(|text| text.trim().to_owned())
    };
    access.username = text(&["GITSYNC_USERNAME", "GIT_SYNC_USERNAME", "username"]);
    access.password = text(&["GITSYNC_PASSWORD", "GIT_SYNC_PASSWORD", "password", "token"]).map(Secret::new);
    access.key = file(&["ssh", "gitSshKey", "ssh-privatekey", "id_ed25519", "id_rsa"]).map(Key::File);
    access.known_hosts_file = file(&["known_hosts"]);
}

/// As Airflow's connection type `git` has it.
fn from_connection(access: &mut Access, connection: &Connection) -> Result<(), String> {
    let extra: Map<String, Value> = match connection.extra.as_deref().map(str::trim) {
        None | Some("") => Map::new(),
        Some(text) => serde_json::from_str(text).map_err(|error| format!("its extra is no JSON object: {error}"))?,
    };
    let text = |key: &str| match extra.get(key) {
        Some(Value::String(text)) if !text.is_empty() => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        Some(Value::Bool(flag)) => Some(flag.to_string()),
        _ => None,
    };
    for (key, value) in &extra {
        match key.as_str() {
            "key_file"
            | "private_key"
            | "private_key_passphrase"
            | "strict_host_key_checking"
            | "known_hosts_file"
            | "known_hosts"
            | "ssh_config_file"
            | "host_proxy_cmd"
            | "ssh_port"
            | "ca_file" => {}
            _ if value.is_null() => {}
            other => return Err(format!("its extra has '{other}', which is not available for Git")),
        }
    }
    if connection.login.is_some() {
        access.username.clone_from(&connection.login);
    }
    if let Some(password) = &connection.password {
        access.password = Some(Secret::new(password.clone()));
    }
    match (text("key_file"), text("private_key")) {
        (Some(_), Some(_)) => return Err("it has both key_file and private_key; one is enough".into()),
        (Some(file), None) => access.key = Some(Key::File(file.into())),
        (None, Some(key)) => access.key = Some(Key::Text(Secret::new(key))),
        (None, None) => {}
    }
    if let Some(passphrase) = text("private_key_passphrase") {
        access.passphrase = Some(Secret::new(passphrase));
    }
    if let Some(word) = text("strict_host_key_checking") {
        access.host_keys = host_keys(&word)?;
    }
    if let Some(file) = text("known_hosts_file") {
        access.known_hosts_file = Some(file.into());
    }
    access.known_hosts = text("known_hosts").or(access.known_hosts.take());
    access.ssh_config_file = text("ssh_config_file").map(PathBuf::from);
    access.host_proxy_cmd = text("host_proxy_cmd");
    if let Some(port) = text("ssh_port") {
        access.ssh_port = Some(port.parse().map_err(|_| format!("ssh_port '{port}' is no port"))?);
    }
    if let Some(file) = text("ca_file") {
        access.ca_file = Some(file.into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(kwargs: Value) -> Result<GitSpec, String> {
        GitSpec::read("b", kwargs.as_object().unwrap(), Path::new("/s"), Path::new("/h"))
    }

    #[test]
    fn arguments_are_those_of_airflow() {
        let spec = read(
            json!({"tracking_ref": "main", "subdir": "/dags/", "repo_url": "https://h/a.git", "refresh_interval": 30}),
        );
        let spec = spec.unwrap();
        assert_eq!((&*spec.settings.tracking_ref, &*spec.settings.subdir), ("main", "dags"));
        assert_eq!(spec.settings.place, Path::new("/s/b"));
        assert_eq!((spec.conn_id, spec.refresh), (None, Some(Duration::from_secs(30))));
        assert_eq!(read(json!({"tracking_ref": "main"})).unwrap().conn_id.as_deref(), Some("git_default"));
    }

    #[test]
    fn what_is_not_there_is_named() {
        let wrong = |kwargs| read(kwargs).unwrap_err();
        assert!(wrong(json!({})).contains("tracking_ref"));
        assert!(wrong(json!({"tracking_ref": "m", "branch": "x"})).contains("takes no 'branch'"));
        assert!(wrong(json!({"tracking_ref": "m", "subdir": "../x"})).contains("leads out"));
        assert!(wrong(json!({"tracking_ref": "--upload-pack=x"})).contains("no name"));
        assert!(wrong(json!({"tracking_ref": "m", "submodules": true})).contains("not available"));
    }

    #[test]
    fn a_connection_says_how_to_reach_it() {
        let spec = read(json!({"tracking_ref": "main"})).unwrap();
        let extra = json!({"private_key": "k", "strict_host_key_checking": "accept-new", "ssh_port": 2222});
        let connection = crate::connection_uri::from_json(
            "git_default",
            &json!({"conn_type": "git", "host": "git@h:a.git", "extra": extra}),
        )
        .unwrap();
        let (url, access) = spec.reach(Some(&connection)).unwrap();
        assert_eq!(
            (url.address.as_str(), access.ssh_port, access.host_keys),
            ("git@h:a.git", Some(2222), HostKeys::AcceptNew)
        );
        assert!(!format!("{access:?}").contains("\"k\""));
    }
}
