//! From options to the broker of the CeleryExecutor and its workers.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Map, Value, json};
use tradewind_celery::address::Transport;
use tradewind_celery::{Broker, Error, Outbox, Settings, Tls, connect};
use tradewind_protocol::serialized_dag::ExecutorName;
use tradewind_worker::celery::BrokerWorker;

use crate::config::{Config, Spec, options};
use crate::error::CliError;

/// What a user can do about an error of the broker.
pub fn broker_error(error: &Error) -> CliError {
    let hint = "set [celery] broker_url (AIRFLOW__CELERY__BROKER_URL) to the same address for schedulers and workers";
    match error {
        Error::Settings(message) => CliError::usage(message.clone()).hint(hint),
        other => CliError::failed(other.to_string()).hint(hint),
    }
}

/// Whether an executor (its class) needs a broker.
fn needs_broker(class: &str) -> bool {
    matches!(class, "CeleryExecutor" | "CeleryKubernetesExecutor")
}

/// Whether `worker` is the form that a broker tells of tries: the first executor of `[core] executor` that has
/// workers decides.
pub fn is_broker_form(config: &Config) -> bool {
    let names = ExecutorName::list(config.text(&options::EXECUTOR));
    let first = names.iter().find(|name| needs_broker(name.class()) || name.class() == "EdgeExecutor");
    first.is_some_and(|name| needs_broker(name.class()))
}

/// The broker of an executor, if it needs one.
///
/// # Errors
/// The options cannot be used; exit code 2.
pub fn outbox(config: &Config, class: &str) -> Result<Option<Arc<dyn Outbox>>, CliError> {
    needs_broker(class).then(|| Ok(broker(config)? as Arc<dyn Outbox>)).transpose()
}

/// The queue whose tries go to the second part of an executor of two.
pub fn kubernetes_queue(config: &Config, class: &str) -> String {
    let spec = match class {
        "LocalKubernetesExecutor" => &options::LOCAL_KUBERNETES_QUEUE,
        _ => &options::CELERY_KUBERNETES_QUEUE,
    };
    config.text(spec).to_owned()
}

/// The broker.
///
/// # Errors
/// The options cannot be used; exit code 2.
pub fn broker(config: &Config) -> Result<Arc<dyn Broker>, CliError> {
    let settings = Settings::new(config.text(&options::CELERY_BROKER_URL), tls(config), transport(config)?);
    settings.and_then(connect).map_err(|error| broker_error(&error))
}

fn tls(config: &Config) -> Option<Tls> {
    speaks_tls(config).then(|| tls_of(config))
}

/// By `ssl_active`, or because the address says so.
fn speaks_tls(config: &Config) -> bool {
    let url = config.text(&options::CELERY_BROKER_URL);
    config.flag(&options::CELERY_SSL_ACTIVE) || ["rediss://", "amqps://"].iter().any(|scheme| url.contains(scheme))
}

fn tls_of(config: &Config) -> Tls {
    let file = |spec: &Spec| config.some_text(spec).map(PathBuf::from);
    let mutual = config.flag(&options::CELERY_SSL_MUTUAL_TLS);
    let identity = file(&options::CELERY_SSL_CERT).zip(file(&options::CELERY_SSL_KEY)).filter(|_| mutual);
    Tls { ca: file(&options::CELERY_SSL_CACERT), identity, unchecked: false }
}

/// The same for Celery itself, by the names of its settings. Only what is set: kombu knows its own defaults.
pub fn for_python(config: &Config) -> Value {
    let url = config.text(&options::CELERY_BROKER_URL);
    let mut settings = json!({"broker_url": url, "broker_connection_retry_on_startup": true});
    // kombu reads by itself what the address says of certificates.
    if speaks_tls(config) && !url.contains("ssl_cert_reqs") {
        let prefix = if url.contains("amqp") { "" } else { "ssl_" };
        // 2: Python's `ssl.CERT_REQUIRED`
        let mut tls = Map::from_iter([(format!("{prefix}cert_reqs"), json!(2))]);
        let tls_config = tls_of(config);
        let identity = tls_config.identity.unzip();
        for (name, file) in [("ca_certs", tls_config.ca), ("certfile", identity.0), ("keyfile", identity.1)] {
            tls.extend(file.map(|file| (format!("{prefix}{name}"), json!(file))));
        }
        settings["broker_use_ssl"] = Value::Object(tls);
    }
    let mut transport = json!({"visibility_timeout": config.int(&options::BROKER_VISIBILITY_TIMEOUT)});
    for spec in [
        &options::BROKER_MASTER_NAME,
        &options::BROKER_SENTINEL_KWARGS,
        &options::BROKER_PRIORITY_STEPS,
        &options::BROKER_GLOBAL_KEYPREFIX,
        &options::BROKER_SEP,
        &options::BROKER_FANOUT_PREFIX,
    ] {
        if let Some(text) = config.some_text(spec) {
            transport[spec.key] = serde_json::from_str(text).unwrap_or_else(|_| json!(text));
        }
    }
    settings["broker_transport_options"] = transport;
    settings
}

fn transport(config: &Config) -> Result<Transport, CliError> {
    let wrong = |spec: &Spec, what: &str| {
        let place = &config.setting(spec).source;
        CliError::usage(format!("{place}: [{}] {} {what}", spec.section, spec.key))
    };
    let read = |spec: &Spec| {
        let text = config.some_text(spec).unwrap_or("null");
        serde_json::from_str::<Value>(text).map_err(|error| wrong(spec, &format!("is no JSON: {error}")))
    };
    let steps = read(&options::BROKER_PRIORITY_STEPS)?;
    let priority_steps: Option<Vec<u8>> = match &steps {
        Value::Null => Some(Vec::new()),
        steps => steps.as_array().and_then(|steps| {
            steps.iter().map(|step| u8::try_from(step.as_u64()?).ok().filter(|step| *step <= 9)).collect()
        }),
    };
    let priority_steps =
        priority_steps.filter(|steps| steps.is_sorted() && steps.first().is_none_or(|first| *first == 0)).ok_or_else(
            || wrong(&options::BROKER_PRIORITY_STEPS, "is a list of numbers from 0 to 9 that begins with 0 and rises"),
        )?;
    let login = read(&options::BROKER_SENTINEL_KWARGS)?;
    let text = |name: &str| login[name].as_str().unwrap_or_default().to_owned();
    let or = |spec: &Spec, default: String| config.some_text(spec).map_or(default, str::to_owned);
    let default = Transport::default();
    Ok(Transport {
        visibility_timeout: std::time::Duration::from_secs(
            u64::try_from(config.int(&options::BROKER_VISIBILITY_TIMEOUT)).unwrap_or(u64::MAX),
        ),
        priority_steps,
        master_name: config.text(&options::BROKER_MASTER_NAME).to_owned(),
        sentinel_login: login.is_object().then(|| (text("username"), text("password"))),
        global_keyprefix: config.text(&options::BROKER_GLOBAL_KEYPREFIX).to_owned(),
        sep: or(&options::BROKER_SEP, default.sep),
        fanout_prefix: or(&options::BROKER_FANOUT_PREFIX, default.fanout_prefix),
        fanout_patterns: true,
        socket_timeout: config.seconds(&options::BROKER_SOCKET_TIMEOUT),
        socket_connect_timeout: config.seconds(&options::BROKER_SOCKET_CONNECT_TIMEOUT),
    })
}

/// What a worker is to the broker. `name`: `--celery-hostname`.
///
/// # Errors
/// `autoscale` is not two numbers; exit code 2.
pub fn worker(config: &Config, name: Option<&str>, autoscale: Option<&str>) -> Result<BrokerWorker, CliError> {
    let autoscale = autoscale.or_else(|| config.some_text(&options::CELERY_WORKER_AUTOSCALE));
    let pair = |text: &str| {
        let (most, fewest) = text.split_once(',').unwrap_or((text, "0"));
        let (most, fewest) = (most.trim().parse::<u32>().ok()?, fewest.trim().parse::<u32>().ok()?);
        (most > 0).then_some((most.max(fewest), fewest.min(most)))
    };
    let autoscale = autoscale
        .map(|text| {
            pair(text).ok_or_else(|| {
                CliError::usage(format!("autoscale is '{text}'; it is the most and the fewest tasks at once, as 16,8"))
            })
        })
        .transpose()?;
    Ok(BrokerWorker {
        node: node(name.unwrap_or_default(), &super::hostname()),
        autoscale,
        prefetch_multiplier: u32::try_from(config.int(&options::CELERY_PREFETCH_MULTIPLIER)).unwrap_or(1),
        remote_control: config.flag(&options::CELERY_REMOTE_CONTROL),
    })
}

/// Celery's name of a worker: `celery@host` unless a part is given; `%h`, `%n` and `%d` are the host's whole name, its
/// first part and the rest.
pub fn node(given: &str, host: &str) -> String {
    let (first, rest) = host.split_once('.').unwrap_or((host, ""));
    let given = given.replace("%h", host).replace("%n", first).replace("%d", rest);
    match given.split_once('@') {
        Some((name, "")) => format!("{name}@{host}"),
        Some(("", host)) => format!("celery@{host}"),
        Some(_) => given,
        None if given.is_empty() => format!("celery@{host}"),
        None => format!("celery@{given}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(env: &[(&str, &str)]) -> Config {
        let env = env.iter().chain(&[("AIRFLOW_HOME", "/h")]).map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        Config::from_env(env).unwrap()
    }

    #[test]
    fn nodes_are_named_as_celery_names_them() {
        for (given, name) in [
            ("", "celery@a.b.c"),
            ("w1", "celery@w1"),
            ("w1@", "w1@a.b.c"),
            ("w1@x", "w1@x"),
            ("worker-%n@%h", "worker-a@a.b.c"),
            ("@%d", "celery@b.c"),
        ] {
            assert_eq!(node(given, "a.b.c"), name, "{given}");
        }
    }

    #[test]
    fn the_first_executor_with_workers_decides_what_a_worker_is() {
        for (executors, broker) in [
            ("LocalExecutor", false),
            ("CeleryExecutor", true),
            ("CeleryKubernetesExecutor", true),
            ("EdgeExecutor,CeleryExecutor", false),
            ("LocalExecutor,CeleryExecutor,EdgeExecutor", true),
        ] {
            assert_eq!(is_broker_form(&config(&[("AIRFLOW__CORE__EXECUTOR", executors)])), broker, "{executors}");
        }
    }

    #[test]
    fn options_of_the_transport_are_understood() {
        let with = |key: &str, value: &str| {
            let name = format!("AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__{key}");
            transport(&config(&[(name.as_str(), value)]))
        };
        assert_eq!(with("PRIORITY_STEPS", "[0, 5]").unwrap().priority_steps, [0, 5]);
        assert!(with("PRIORITY_STEPS", "[5, 0]").unwrap_err().message.contains("begins with 0 and rises"));
        let login = with("SENTINEL_KWARGS", r#"{"password": "p"}"#).unwrap().sentinel_login;
        assert_eq!(login, Some((String::new(), "p".into())));
        assert_eq!(transport(&config(&[])).unwrap(), Transport::default());
    }

    #[test]
    fn autoscale_is_two_numbers() {
        let read = |text| worker(&config(&[]), None, Some(text)).map(|worker| worker.autoscale);
        assert_eq!(read("16,8").unwrap(), Some((16, 8)));
        assert_eq!(read("4").unwrap(), Some((4, 0)));
        assert!(read("many").unwrap_err().message.contains("as 16,8"));
    }

    #[test]
    fn python_is_told_the_same() {
        let config = config(&[
            ("AIRFLOW__CELERY__BROKER_URL", "amqps://rabbit//"),
            ("AIRFLOW__CELERY__SSL_ACTIVE", "True"),
            ("AIRFLOW__CELERY__SSL_CACERT", "/ca.pem"),
            ("AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__PRIORITY_STEPS", "[0, 5]"),
        ]);
        let settings = for_python(&config);
        assert_eq!(settings["broker_use_ssl"], json!({"cert_reqs": 2, "ca_certs": "/ca.pem"}));
        let transport = json!({"visibility_timeout": 86400, "priority_steps": [0, 5]});
        assert_eq!(settings["broker_transport_options"], transport);
    }
}
