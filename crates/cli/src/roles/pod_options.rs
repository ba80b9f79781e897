//! The pod that options of Airflow 1.10 describe: its `[kubernetes]` and the sections of names beside it, for
//! installations that have no `pod_template_file`.

use serde_json::{Map, Value, json};

use crate::config::{Config, options as o};
use crate::error::CliError;

/// Where git-sync finds its key and the hosts that it knows.
const GIT_SECRET: &str = "/etc/git-secret";

/// The template, if any of those options is set.
///
/// # Errors
/// An option that is not what it should be.
pub fn template(config: &Config) -> Result<Option<Value>, CliError> {
    let pod = Pod::of(config)?;
    Ok(pod.is_anything().then(|| pod.finished()))
}

/// An option of `[kubernetes]`.
fn given<'a>(config: &'a Config, key: &str) -> Option<&'a str> {
    config.lookup("kubernetes", key).map(|setting| setting.text.trim()).filter(|text| !text.is_empty())
}

/// Names between commas.
fn list(text: Option<&str>) -> impl Iterator<Item = &str> {
    text.into_iter().flat_map(|text| text.split(',')).map(str::trim).filter(|name| !name.is_empty())
}

fn wrong(key: &str, what: impl std::fmt::Display) -> CliError {
    CliError::usage(format!("[kubernetes] {key}: {what}"))
}

fn json(config: &Config, key: &str) -> Result<Option<Value>, CliError> {
    let read = |text| serde_json::from_str(text).map_err(|error| wrong(key, format!("it is no JSON ({error})")));
    given(config, key).map(read).transpose()
}

fn number(config: &Config, key: &str) -> Result<Option<i64>, CliError> {
    let read = |text: &str| text.parse().map_err(|_| wrong(key, format!("'{text}' is no number")));
    given(config, key).map(read).transpose()
}

#[derive(Default)]
struct Pod {
    metadata: Map<String, Value>,
    spec: Map<String, Value>,
    container: Map<String, Value>,
    env: Vec<Value>,
    env_from: Vec<Value>,
    mounts: Vec<Value>,
    volumes: Vec<Value>,
}

impl Pod {
    fn of(config: &Config) -> Result<Self, CliError> {
        let mut pod = Self::default();
        pod.names(config)?;
        pod.settings(config)?;
        pod.logs(config);
        pod.dags(config)?;
        Ok(pod)
    }

    fn is_anything(&self) -> bool {
        let lists = [&self.env, &self.env_from, &self.mounts, &self.volumes];
        let maps = [&self.metadata, &self.spec, &self.container];
        lists.iter().any(|list| !list.is_empty()) || maps.iter().any(|map| !map.is_empty())
    }

    fn finished(mut self) -> Value {
        self.container.insert("name".into(), json!("base"));
        let lists = [("env", self.env), ("envFrom", self.env_from), ("volumeMounts", self.mounts)];
        self.container.extend(lists.map(|(field, list)| (field.to_owned(), Value::Array(list))));
        self.spec.insert("containers".into(), json!([self.container]));
        self.spec.insert("volumes".into(), Value::Array(self.volumes));
        json!({"metadata": self.metadata, "spec": self.spec})
    }

    /// Sections whose options are names of the user's own: labels, environment, secrets.
    fn names(&mut self, config: &Config) -> Result<(), CliError> {
        for ((section, key), setting) in config.others() {
            let text = setting.text.as_str();
            let map = |map: &mut Map<String, Value>, field: &str| {
                map.entry(field.to_owned()).or_insert_with(|| json!({}))[key.as_str()] = json!(text);
            };
            match section.as_str() {
                "kubernetes_labels" => map(&mut self.metadata, "labels"),
                "kubernetes_annotations" => map(&mut self.metadata, "annotations"),
                "kubernetes_node_selectors" => map(&mut self.spec, "nodeSelector"),
                // Names of options are not told apart by case; variables are written in capitals.
                "kubernetes_environment_variables" => {
                    self.env.push(json!({"name": key.to_uppercase(), "value": text}));
                }
                "kubernetes_secrets" => {
                    let (secret, field) = text.split_once('=').ok_or_else(|| {
                        CliError::usage(format!("[kubernetes_secrets] {key} is '{text}'; it must be SECRET=KEY"))
                    })?;
                    let source = json!({"secretKeyRef": {"name": secret.trim(), "key": field.trim()}});
                    self.env.push(json!({"name": key.to_uppercase(), "valueFrom": source}));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn settings(&mut self, config: &Config) -> Result<(), CliError> {
        let text = |key| given(config, key).map(Value::from);
        self.container
            .extend(text("worker_container_image_pull_policy").map(|value| ("imagePullPolicy".to_owned(), value)));
        self.spec.extend(text("worker_service_account_name").map(|value| ("serviceAccountName".to_owned(), value)));
        for key in ["affinity", "tolerations"] {
            self.spec.extend(json(config, key)?.map(|value| (key.to_owned(), value)));
        }
        let secrets: Vec<Value> = list(given(config, "image_pull_secrets")).map(|name| json!({"name": name})).collect();
        if !secrets.is_empty() {
            self.spec.insert("imagePullSecrets".into(), Value::Array(secrets));
        }
        let mut security = Map::new();
        for (key, field) in [("run_as_user", "runAsUser"), ("fs_group", "fsGroup")] {
            security.extend(number(config, key)?.map(|id| (field.to_owned(), json!(id))));
        }
        if !security.is_empty() {
            self.spec.insert("securityContext".into(), Value::Object(security));
        }
        for (key, kind) in [("env_from_configmap_ref", "configMapRef"), ("env_from_secret_ref", "secretRef")] {
            self.env_from.extend(list(given(config, key)).map(|name| json!({kind: {"name": name}})));
        }
        let home = config.home().display();
        let files = [
            ("airflow_configmap", "airflow-config", "airflow.cfg", format!("{home}/airflow.cfg")),
            (
                "airflow_local_settings_configmap",
                "airflow-local-settings",
                "airflow_local_settings.py",
                format!("{home}/config/airflow_local_settings.py"),
            ),
        ];
        for (key, volume, file, path) in files {
            if let Some(name) = given(config, key) {
                self.volumes.push(json!({"name": volume, "configMap": {"name": name}}));
                self.mounts.push(json!({"name": volume, "mountPath": path, "subPath": file, "readOnly": true}));
            }
        }
        if !self.mounts.is_empty() {
            self.env.push(json!({"name": "AIRFLOW_HOME", "value": home.to_string()}));
        }
        Ok(())
    }

    /// A claim or a folder of the node; `None`: neither is given.
    fn storage(config: &Config, what: &str) -> Option<Value> {
        let claim = given(config, &format!("{what}_volume_claim"));
        let host = given(config, &format!("{what}_volume_host"));
        claim
            .map(|claim| json!({"persistentVolumeClaim": {"claimName": claim}}))
            .or_else(|| host.map(|path| json!({"hostPath": {"path": path, "type": ""}})))
    }

    fn volume(&mut self, name: &str, mut source: Value, at: &str, part: Option<&str>, read_only: bool) {
        source["name"] = json!(name);
        self.volumes.push(source);
        let mut mount = json!({"name": name, "mountPath": at, "readOnly": read_only});
        if let Some(part) = part {
            mount["subPath"] = json!(part);
        }
        self.mounts.push(mount);
    }

    fn logs(&mut self, config: &Config) {
        if let Some(source) = Self::storage(config, "logs") {
            let at = config.path(&o::BASE_LOG_FOLDER).display().to_string();
            self.volume("airflow-logs", source, &at, given(config, "logs_volume_subpath"), false);
        }
    }

    fn dags(&mut self, config: &Config) -> Result<(), CliError> {
        if given(config, "dags_in_image").is_some_and(|text| text.eq_ignore_ascii_case("true")) {
            return Ok(());
        }
        let folder = config.path(&o::DAGS_FOLDER).display().to_string();
        let seen = if let Some(source) = Self::storage(config, "dags") {
            let at = given(config, "dags_volume_mount_point").unwrap_or(&folder).to_owned();
            self.volume("airflow-dags", source, &at, given(config, "dags_volume_subpath"), true);
            at
        } else if let Some(repository) = given(config, "git_repo") {
            let at = given(config, "git_dags_folder_mount_point").unwrap_or(&folder).to_owned();
            self.volume("airflow-dags", json!({"emptyDir": {}}), &at, None, true);
            self.git(config, repository)?;
            let below = [Some(given(config, "git_sync_dest").unwrap_or("repo")), given(config, "git_subpath")];
            let parts = below.into_iter().flatten().map(|part| part.trim_matches('/'));
            std::iter::once(at.trim_end_matches('/')).chain(parts).collect::<Vec<_>>().join("/")
        } else {
            return Ok(());
        };
        self.env.push(json!({"name": "AIRFLOW__CORE__DAGS_FOLDER", "value": seen}));
        Ok(())
    }

    /// The init container that fetches the repository.
    fn git(&mut self, config: &Config, repository: &str) -> Result<(), CliError> {
        if given(config, "git_user").or(given(config, "git_password")).is_some() {
            return Err(wrong(
                "git_user, git_password",
                "passwords are not written into pods: put GIT_SYNC_USERNAME and GIT_SYNC_PASSWORD into a secret, and its name into git_sync_credentials_secret",
            ));
        }
        let or = |key: &str, otherwise: &'static str| given(config, key).unwrap_or(otherwise).to_owned();
        let root = or("git_sync_root", "/git");
        let mut env = vec![
            json!({"name": "GIT_SYNC_REPO", "value": repository}),
            json!({"name": "GIT_SYNC_BRANCH", "value": or("git_branch", "master")}),
            json!({"name": "GIT_SYNC_ROOT", "value": root}),
            json!({"name": "GIT_SYNC_DEST", "value": or("git_sync_dest", "repo")}),
            json!({"name": "GIT_SYNC_REV", "value": or("git_sync_rev", "")}),
            json!({"name": "GIT_SYNC_DEPTH", "value": or("git_sync_depth", "1")}),
            json!({"name": "GIT_SYNC_ONE_TIME", "value": "true"}),
        ];
        let mut mounts = vec![json!({"name": "airflow-dags", "mountPath": root})];
        if let Some(secret) = given(config, "git_sync_credentials_secret") {
            env.extend(
                ["GIT_SYNC_USERNAME", "GIT_SYNC_PASSWORD"]
                    .map(|name| json!({"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": name}}})),
            );
        }
        if let Some(secret) = given(config, "git_ssh_key_secret_name") {
            env.push(json!({"name": "GIT_SYNC_SSH", "value": "true"}));
            env.push(json!({"name": "GIT_SSH_KEY_FILE", "value": format!("{GIT_SECRET}/ssh")}));
            let items = json!([{"key": "gitSshKey", "path": "ssh", "mode": 0o440}]);
            self.volumes.push(json!({"name": "git-ssh-key", "secret": {"secretName": secret, "items": items}}));
            let at = format!("{GIT_SECRET}/ssh");
            mounts.push(json!({"name": "git-ssh-key", "mountPath": at, "subPath": "ssh", "readOnly": true}));
        }
        let hosts = given(config, "git_ssh_known_hosts_configmap_name");
        env.push(json!({"name": "GIT_KNOWN_HOSTS", "value": hosts.is_some().to_string()}));
        if let Some(name) = hosts {
            let at = format!("{GIT_SECRET}/known_hosts");
            env.push(json!({"name": "GIT_SSH_KNOWN_HOSTS_FILE", "value": at}));
            self.volumes.push(json!({"name": "git-known-hosts", "configMap": {"name": name}}));
            mounts
                .push(json!({"name": "git-known-hosts", "mountPath": at, "subPath": "known_hosts", "readOnly": true}));
        }
        let user = number(config, "git_sync_run_as_user")?.unwrap_or(65533);
        let image = format!(
            "{}:{}",
            or("git_sync_container_repository", "k8s.gcr.io/git-sync"),
            or("git_sync_container_tag", "v3.1.1")
        );
        self.spec.insert(
            "initContainers".into(),
            json!([{
                "name": or("git_sync_init_container_name", "git-sync-clone"),
                "image": image,
                "securityContext": {"runAsUser": user},
                "env": env,
                "volumeMounts": mounts,
            }]),
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> (tempfile::TempDir, Config) {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("airflow.cfg"), text).unwrap();
        let env = [("AIRFLOW_HOME".to_owned(), home.path().display().to_string())];
        let config = Config::from_env(env).unwrap();
        (home, config)
    }

    #[test]
    fn without_such_options_there_is_no_template() {
        let (_home, config) = config("[kubernetes]\nnamespace = airflow\nworker_container_repository = r\n");
        assert_eq!(template(&config).unwrap(), None);
    }

    #[test]
    fn volumes_names_and_secrets_of_1_10() {
        let (_home, config) = config(
            "[core]\ndags_folder = /opt/dags\n[kubernetes]\nworker_service_account_name = worker\n\
             image_pull_secrets = one,two\nrun_as_user = 50000\ntolerations = [{\"key\": \"spot\"}]\n\
             env_from_configmap_ref = common,more\nenv_from_secret_ref = keys\n\
             dags_volume_claim = dags\ndags_volume_subpath = prod\nlogs_volume_host = /logs\n\
             [logging]\nbase_log_folder = /opt/logs\n[kubernetes_secrets]\npassword = db=pass\n\
             [kubernetes_environment_variables]\nstage = prod\n[kubernetes_node_selectors]\ndisk = ssd\n\
             [kubernetes_labels]\nteam = data\n",
        );
        assert_eq!(config.warnings(true), Vec::<String>::new(), "all of it is read");
        let pod = template(&config).unwrap().unwrap();
        assert_eq!(
            pod,
            json!({
                "metadata": {"labels": {"team": "data"}},
                "spec": {
                    "serviceAccountName": "worker",
                    "imagePullSecrets": [{"name": "one"}, {"name": "two"}],
                    "securityContext": {"runAsUser": 50000},
                    "tolerations": [{"key": "spot"}],
                    "nodeSelector": {"disk": "ssd"},
                    "containers": [{
                        "name": "base",
                        "env": [
                            {"name": "STAGE", "value": "prod"},
                            {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db", "key": "pass"}}},
                            {"name": "AIRFLOW__CORE__DAGS_FOLDER", "value": "/opt/dags"},
                        ],
                        "envFrom": [
                            {"configMapRef": {"name": "common"}},
                            {"configMapRef": {"name": "more"}},
                            {"secretRef": {"name": "keys"}},
                        ],
                        "volumeMounts": [
                            {"name": "airflow-logs", "mountPath": "/opt/logs", "readOnly": false},
                            {"name": "airflow-dags", "mountPath": "/opt/dags", "readOnly": true, "subPath": "prod"},
                        ],
                    }],
                    "volumes": [
                        {"name": "airflow-logs", "hostPath": {"path": "/logs", "type": ""}},
                        {"name": "airflow-dags", "persistentVolumeClaim": {"claimName": "dags"}},
                    ],
                },
            })
        );
    }

    #[test]
    fn dags_of_a_repository_come_by_git_sync() {
        let (_home, config) = config(
            "[kubernetes]\ngit_repo = git@host:team/dags.git\ngit_branch = main\ngit_subpath = dags\n\
             git_dags_folder_mount_point = /dags\ngit_ssh_key_secret_name = key\n\
             git_ssh_known_hosts_configmap_name = hosts\n",
        );
        let pod = template(&config).unwrap().unwrap();
        let env = |container: &Value, name: &str| {
            let items = container["env"].as_array().unwrap();
            items.iter().find(|item| item["name"] == name).map(|item| item["value"].clone())
        };
        let worker = &pod["spec"]["containers"][0];
        assert_eq!(env(worker, "AIRFLOW__CORE__DAGS_FOLDER"), Some(json!("/dags/repo/dags")));
        let sync = &pod["spec"]["initContainers"][0];
        assert_eq!(sync["image"], "k8s.gcr.io/git-sync:v3.1.1");
        assert_eq!(env(sync, "GIT_SYNC_BRANCH"), Some(json!("main")));
        assert_eq!(env(sync, "GIT_SSH_KNOWN_HOSTS_FILE"), Some(json!("/etc/git-secret/known_hosts")));
        let (_home, config) = self::config("[kubernetes]\ngit_repo = https://host/dags\ngit_password = x\n");
        assert!(template(&config).err().unwrap().to_string().contains("git_sync_credentials_secret"));
    }
}
