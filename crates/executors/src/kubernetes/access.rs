//! How Kubernetes' API is reached, and what its refusals mean.

use std::path::PathBuf;
use std::time::Duration;

use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};

/// Where Kubernetes' API is and who asks; names are those of `[kubernetes_executor]`.
#[derive(Clone, Debug)]
pub struct Access {
    /// With the account of the pod that this process runs in. `None`: if it runs in one.
    pub in_cluster: Option<bool>,
    /// Context of the file.
    pub cluster_context: Option<String>,
    /// The kubeconfig, if not the one that `kubectl` takes.
    pub config_file: Option<PathBuf>,
    /// Check the server's certificate.
    pub verify_ssl: bool,
    /// Authorities to check it against, besides those of the configuration.
    pub ssl_ca_cert: Option<PathBuf>,
    /// Longest time to connect.
    pub connect_timeout: Duration,
    /// Longest time for an answer; watches are not held to it.
    pub answer_timeout: Duration,
}

impl Default for Access {
    fn default() -> Self {
        Self {
            in_cluster: None,
            cluster_context: None,
            config_file: None,
            verify_ssl: true,
            ssl_ca_cert: None,
            connect_timeout: Duration::from_secs(15),
            answer_timeout: Duration::from_secs(30),
        }
    }
}

impl Access {
    /// A client. Nothing is sent yet. Needs a running Tokio runtime.
    ///
    /// # Errors
    /// In words for who configured it.
    pub async fn client(&self) -> Result<Client, String> {
        let in_cluster = self.in_cluster.unwrap_or_else(|| {
            self.config_file.is_none()
                && self.cluster_context.is_none()
                && std::env::var_os("KUBERNETES_SERVICE_HOST").is_some()
        });
        let mut config = if in_cluster {
            Config::incluster().map_err(|error| {
                format!("this process runs in no pod that may speak to Kubernetes ({error}): outside of a cluster set [kubernetes_executor] in_cluster = False and config_file")
            })?
        } else {
            self.kubeconfig().await?
        };
        config.accept_invalid_certs |= !self.verify_ssl;
        if let Some(path) = &self.ssl_ca_cert {
            config.root_cert = None;
            config.root_cert_file = Some(path.clone());
        }
        config.connect_timeout = Some(self.connect_timeout);
        // Whether a refused request is sent again is decided by who sent it.
        config.default_retry = false;
        Client::try_from(config).map_err(|error| format!("Kubernetes' API cannot be used: {}", deepest(&error)))
    }

    async fn kubeconfig(&self) -> Result<Config, String> {
        let options = KubeConfigOptions { context: self.cluster_context.clone(), ..KubeConfigOptions::default() };
        let wrong = |error: kube::config::KubeconfigError| {
            let file = self.config_file.as_ref().map_or_else(
                || "the kubeconfig ($KUBECONFIG or ~/.kube/config)".to_owned(),
                |path| format!("[kubernetes_executor] config_file {}", path.display()),
            );
            format!("{file}: {}", deepest(&error))
        };
        let file = match &self.config_file {
            Some(path) => Kubeconfig::read_from(path),
            None => Kubeconfig::read(),
        };
        Config::from_custom_kubeconfig(file.map_err(wrong)?, &options).await.map_err(wrong)
    }
}

/// The cause at the bottom: what lies above says only that something failed.
pub fn deepest(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

/// What a failed request means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Kubernetes is away or has too much to do: worth another attempt.
    Away(String),
    /// There is an object of this name.
    Exists,
    /// There is no such object.
    Missing,
    /// A quota is used up: worth another attempt when pods are gone.
    Quota(String),
    /// It will never work like this.
    Refused(String),
    /// Kubernetes was not even asked: there is nothing that it could be asked for.
    Unasked(String),
}

impl From<kube::Error> for Trouble {
    fn from(error: kube::Error) -> Self {
        let kube::Error::Api(status) = &error else {
            return match error {
                kube::Error::SerdeError(_) | kube::Error::BuildRequest(_) => Self::Refused(deepest(&error)),
                _ => Self::Away(deepest(&error)),
            };
        };
        let words = format!("{} ({} {})", status.message, status.code, status.reason);
        match status.code {
            409 if status.reason == "AlreadyExists" => Self::Exists,
            404 if status.details.as_ref().is_some_and(|details| details.kind == "pods") => Self::Missing,
            403 if status.message.contains("exceeded quota") => Self::Quota(words),
            401 | 403 => Self::Refused(format!(
                "{words}; the scheduler's account needs the verbs create, get, list, watch, patch and delete on pods, and get on pods/log"
            )),
            408 | 409 | 410 | 429 | 500.. => Self::Away(words),
            _ => Self::Refused(words),
        }
    }
}
