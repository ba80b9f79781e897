//! Where the broker is and how it is spoken to: `[celery] broker_url` and `[celery_broker_transport_options]`.

use std::path::PathBuf;
use std::time::Duration;

use reqwest::Url;

use crate::Error;

/// Everything that a connection needs to know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where.
    pub address: Address,
    /// TLS, if it is spoken.
    pub tls: Option<Tls>,
    /// How.
    pub transport: Transport,
}

/// One server and who logs in there. Shown without the password.
#[derive(Clone, PartialEq, Eq)]
pub struct Node {
    /// Host name, or the path of a socket.
    pub host: String,
    /// Port; 0 for a socket.
    pub port: u16,
    /// User; may be empty.
    pub user: String,
    /// Password; may be empty.
    pub password: String,
}

impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.name())
    }
}

impl Node {
    /// `host:port`.
    pub fn name(&self) -> String {
        if self.port == 0 { self.host.clone() } else { format!("{}:{}", self.host, self.port) }
    }
}

/// Where the broker is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// Redis: one of several servers, or the master that Sentinels name.
    Redis {
        /// Servers, or Sentinels.
        nodes: Vec<Node>,
        /// Number of the database.
        db: i64,
        /// `nodes` are Sentinels.
        sentinel: bool,
    },
    /// RabbitMQ: the first of these servers that answers.
    Amqp {
        /// Servers.
        nodes: Vec<Node>,
        /// Virtual host.
        vhost: String,
    },
}

/// Certificates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// Authority; `None` for those of the system.
    pub ca: Option<PathBuf>,
    /// This side's certificate and key.
    pub identity: Option<(PathBuf, PathBuf)>,
    /// The server's certificate is not checked (`ssl_cert_reqs=none`).
    pub unchecked: bool,
}

/// `[celery_broker_transport_options]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Transport {
    /// Redis: a message that is not acknowledged for so long is delivered again.
    pub visibility_timeout: Duration,
    /// The levels of priority; empty: all messages are alike. On Redis the lowest is the most urgent.
    pub priority_steps: Vec<u8>,
    /// Sentinel: the name of the master.
    pub master_name: String,
    /// Sentinel: who logs in at the Sentinels themselves.
    pub sentinel_login: Option<(String, String)>,
    /// Redis: the beginning of every key.
    pub global_keyprefix: String,
    /// Redis: what stands between a queue and its priority.
    pub sep: String,
    /// Redis: the beginning of the channels of fanout exchanges; `{db}` is the database.
    pub fanout_prefix: String,
    /// Redis: routing keys are part of those channels.
    pub fanout_patterns: bool,
    /// Longest time for an answer.
    pub socket_timeout: Duration,
    /// Longest time to connect.
    pub socket_connect_timeout: Duration,
}

impl Default for Transport {
    fn default() -> Self {
        Self {
            visibility_timeout: Duration::from_secs(86_400),
            priority_steps: Vec::new(),
            master_name: String::new(),
            sentinel_login: None,
            global_keyprefix: String::new(),
            sep: "\x06\x16".to_owned(),
            fanout_prefix: "/{db}.".to_owned(),
            fanout_patterns: true,
            socket_timeout: Duration::from_secs(5),
            socket_connect_timeout: Duration::from_secs(5),
        }
    }
}

impl Transport {
    /// What kombu uses on Redis when nothing is said.
    pub const STEPS: [u8; 4] = [0, 3, 6, 9];

    /// The steps under which messages of Redis can lie.
    pub fn steps(&self) -> &[u8] {
        if self.priority_steps.is_empty() { &Self::STEPS } else { &self.priority_steps }
    }
}

impl Settings {
    /// Reads a broker's address: `redis://`, `rediss://`, `redis+socket://`, `sentinel://a;sentinel://b`, `amqp://`,
    /// `amqps://`, `pyamqp://`, several between semicolons.
    ///
    /// # Errors
    /// [`Error::Settings`] for what cannot be one.
    pub fn new(url: &str, tls: Option<Tls>, transport: Transport) -> Result<Self, Error> {
        let wrong = |what: String| Error::Settings(format!("[celery] broker_url {what}"));
        let mut nodes = Vec::new();
        let mut scheme = String::new();
        let mut place = String::new();
        let mut tls = tls;
        for part in url.split(';').map(str::trim).filter(|part| !part.is_empty()) {
            // `sentinel://a:1;b:2` names the scheme once.
            let part = if part.contains("://") { part.to_owned() } else { format!("{scheme}://{part}") };
            let parsed = Url::parse(&part).map_err(|error| wrong(format!("is no address: {error}")))?;
            scheme = parsed.scheme().to_owned();
            let decoded = |text: &str| percent_decoded(text);
            let port = match scheme.as_str() {
                "redis" | "rediss" => 6379,
                "redis+socket" => 0,
                "sentinel" => 26379,
                "amqps" => 5671,
                _ => 5672,
            };
            let host = match scheme.as_str() {
                "redis+socket" => parsed.path().to_owned(),
                _ => parsed.host_str().filter(|host| !host.is_empty()).unwrap_or("localhost").to_owned(),
            };
            nodes.push(Node {
                host: host.trim_start_matches('[').trim_end_matches(']').to_owned(),
                port: parsed.port().unwrap_or(port),
                user: decoded(parsed.username()),
                password: decoded(parsed.password().unwrap_or_default()),
            });
            if scheme != "redis+socket" && parsed.path().len() > 1 {
                place = decoded(&parsed.path()[1..]);
            }
            for (name, value) in parsed.query_pairs() {
                match &*name {
                    "virtual_host" | "db" => place = value.into_owned(),
                    "ssl_cert_reqs" => {
                        let unchecked = matches!(value.to_ascii_lowercase().as_str(), "none" | "cert_none");
                        tls.get_or_insert_default().unchecked = unchecked;
                    }
                    "ssl_ca_certs" => tls.get_or_insert_default().ca = Some(PathBuf::from(&*value)),
                    other => return Err(wrong(format!("has an argument '{other}' that is not understood"))),
                }
            }
        }
        let address = match scheme.as_str() {
            "redis" | "rediss" | "redis+socket" | "sentinel" => {
                let db = if place.is_empty() { Ok(0) } else { place.parse() };
                let db =
                    db.map_err(|_| wrong(format!("names the database '{place}': Redis counts them, 0 is the first")))?;
                if scheme == "rediss" {
                    tls.get_or_insert_default();
                }
                Address::Redis { nodes, db, sentinel: scheme == "sentinel" }
            }
            "amqp" | "amqps" | "pyamqp" | "py-amqp" => {
                if scheme == "amqps" {
                    tls.get_or_insert_default();
                }
                let vhost = if place.is_empty() { "/".to_owned() } else { place };
                Address::Amqp { nodes, vhost }
            }
            "" => {
                return Err(wrong(
                    "is empty: it looks like redis://redis:6379/0 or amqp://user:password@rabbit//".into(),
                ));
            }
            other => {
                return Err(wrong(format!(
                    "begins with {other}://, which is no broker that Tradewind speaks to: use redis://, rediss://, sentinel://, amqp:// or amqps://"
                )));
            }
        };
        if matches!(address, Address::Redis { sentinel: true, .. }) && transport.master_name.is_empty() {
            return Err(Error::Settings(
                "[celery] broker_url names Sentinels, so [celery_broker_transport_options] master_name must name the master".into(),
            ));
        }
        Ok(Self { address, tls, transport })
    }

    /// The address without secrets, for people.
    pub fn name(&self) -> String {
        let names = |nodes: &[Node]| nodes.iter().map(Node::name).collect::<Vec<_>>().join(";");
        let s = if self.tls.is_some() { "s" } else { "" };
        match &self.address {
            Address::Redis { nodes, db, sentinel: false } => format!("redis{s}://{}/{db}", names(nodes)),
            Address::Redis { nodes, db, sentinel: true } => {
                format!("sentinel://{}/{db} ({})", names(nodes), self.transport.master_name)
            }
            Address::Amqp { nodes, vhost } => format!("amqp{s}://{}/{}", names(nodes), vhost.trim_start_matches('/')),
        }
    }
}

/// `%2F` is a slash.
fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let code = text.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (bytes[at], code) {
            (b'%', Some(code)) => {
                out.push(code);
                at += 3;
            }
            (byte, _) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> Result<Settings, Error> {
        Settings::new(url, None, Transport { master_name: "mymaster".into(), ..Transport::default() })
    }

    #[test]
    fn addresses_of_every_form_are_read() {
        let redis = read("redis://:p%40ss@redis:6380/2").unwrap();
        let Address::Redis { nodes, db, sentinel } = &redis.address else { panic!("{redis:?}") };
        assert_eq!((nodes[0].password.as_str(), nodes[0].port, *db, *sentinel), ("p@ss", 6380, 2, false));
        assert_eq!(redis.name(), "redis://redis:6380/2");
        let tls = read("rediss://h?ssl_cert_reqs=CERT_NONE").unwrap();
        assert!(tls.tls.unwrap().unchecked);
        let sentinel = read("sentinel://a:26379;sentinel://b/1").unwrap();
        let Address::Redis { nodes, db, sentinel: true } = &sentinel.address else { panic!("{sentinel:?}") };
        assert_eq!((nodes.len(), nodes[1].port, *db), (2, 26379, 1));
        let socket = read("redis+socket:///run/redis.sock?virtual_host=3").unwrap();
        let Address::Redis { nodes, db, .. } = &socket.address else { panic!("{socket:?}") };
        assert_eq!((nodes[0].host.as_str(), nodes[0].port, *db), ("/run/redis.sock", 0, 3));
        let rabbit = |url: &str| match read(url).unwrap().address {
            Address::Amqp { vhost, .. } => vhost,
            other => panic!("{other:?}"),
        };
        assert_eq!(rabbit("amqp://guest:guest@rabbit//"), "/");
        assert_eq!(rabbit("amqp://rabbit"), "/");
        assert_eq!(rabbit("pyamqp://rabbit/airflow"), "airflow");
    }

    #[test]
    fn what_is_no_address_is_refused_with_a_way_out() {
        for (url, words) in [
            ("", "it looks like redis://redis:6379/0"),
            ("sqs://", "begins with sqs://"),
            ("redis://h/x", "names the database 'x'"),
            ("redis", "is no address"),
        ] {
            let error = read(url).unwrap_err().to_string();
            assert!(error.contains(words), "{url}: {error}");
        }
        let error = Settings::new("sentinel://a", None, Transport::default()).unwrap_err().to_string();
        assert!(error.contains("master_name"), "{error}");
    }

    #[test]
    fn passwords_are_never_shown() {
        let settings = read("amqp://me:hidden@rabbit/v").unwrap();
        assert!(!format!("{settings:?} {}", settings.name()).contains("hidden"));
    }
}
