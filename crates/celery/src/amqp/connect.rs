//! Connections to RabbitMQ: the first server that answers.

use lapin::tcp::{OwnedIdentity, OwnedTLSConfig};
use lapin::uri::{AMQPAuthority, AMQPQueryString, AMQPScheme, AMQPUri, AMQPUserInfo};
use lapin::{Connection, ConnectionProperties};

use crate::address::{Address, Settings};
use crate::broker::{Error, NO_TLS, certificates};

/// Seconds between heartbeats: a broker that is silent for twice as long is lost.
const HEARTBEAT: u16 = 5;

/// Connects; the error of the last server that was tried.
pub async fn connect(settings: &Settings) -> Result<Connection, Error> {
    let Address::Amqp { nodes, vhost } = &settings.address else { unreachable!("a RabbitMQ broker is on RabbitMQ") };
    let name = settings.name();
    let mut last = None;
    for node in nodes {
        let or_guest = |text: &str| if text.is_empty() { "guest".to_owned() } else { text.to_owned() };
        let uri = AMQPUri {
            scheme: if settings.tls.is_some() { AMQPScheme::AMQPS } else { AMQPScheme::AMQP },
            authority: AMQPAuthority {
                userinfo: AMQPUserInfo { username: or_guest(&node.user), password: or_guest(&node.password) },
                host: node.host.clone(),
                port: node.port,
            },
            vhost: vhost.clone(),
            query: AMQPQueryString { heartbeat: Some(HEARTBEAT), ..AMQPQueryString::default() },
        };
        let tls = tls(settings)?;
        let runtime = lapin::runtime::default_runtime().map_err(|error| failed(&name, &error))?;
        let connecting = Connection::connect_uri_with_config(uri, ConnectionProperties::default(), tls, runtime);
        match tokio::time::timeout(settings.transport.socket_connect_timeout, connecting).await {
            Ok(Ok(connection)) => return Ok(connection),
            Ok(Err(error)) => last = Some(failed(&name, &error)),
            Err(_) => {
                let hint = if settings.tls.is_some() { NO_TLS } else { "" };
                let why = format!("{} does not answer{hint}", node.name());
                last = Some(Error::Unreachable { broker: name.clone(), why });
            }
        }
    }
    Err(last.unwrap_or_else(|| Error::Settings("[celery] broker_url names no server".into())))
}

/// What an error of the protocol or the connection means here.
pub fn failed(broker: &str, error: &lapin::Error) -> Error {
    let (broker, why) = (broker.to_owned(), error.to_string());
    match error.kind() {
        lapin::ErrorKind::ProtocolError(_) if why.contains("x-max-priority") => Error::Refused {
            broker,
            why: format!(
                "{why}; a queue keeps the priorities that it was made with: delete it when it is empty, or set [celery_broker_transport_options] priority_steps back"
            ),
        },
        lapin::ErrorKind::ProtocolError(_) => Error::Refused { broker, why },
        _ => {
            let why = certificates(why, broker.starts_with("amqps:"));
            Error::Unreachable { broker, why }
        }
    }
}

/// Certificates.
pub fn tls(settings: &Settings) -> Result<OwnedTLSConfig, Error> {
    let Some(tls) = &settings.tls else { return Ok(OwnedTLSConfig::default()) };
    if tls.unchecked {
        return Err(Error::Settings(
            "[celery] broker_url: RabbitMQ's certificate is always checked; name its authority with [celery] ssl_cacert".into(),
        ));
    }
    let read = |path: &std::path::Path| {
        std::fs::read(path).map_err(|error| {
            Error::Settings(format!("[celery] ssl_* names {}, which cannot be read: {error}", path.display()))
        })
    };
    let identity = match &tls.identity {
        Some((cert, key)) => Some(OwnedIdentity::PKCS8 { pem: read(cert)?, key: read(key)? }),
        None => None,
    };
    let authority = tls.ca.as_deref().map(read).transpose()?;
    Ok(OwnedTLSConfig { identity, cert_chain: authority.map(|pem| String::from_utf8_lossy(&pem).into_owned()) })
}
