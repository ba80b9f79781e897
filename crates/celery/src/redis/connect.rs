//! Connections to Redis: plain, with TLS, by socket, or to the master that Sentinels name.

use std::path::Path;
use std::time::Duration;

use ::redis::aio::{MultiplexedConnection, PubSub};
use ::redis::{
    AsyncConnectionConfig, Client, ClientTlsConfig, ConnectionAddr, ConnectionInfo, ErrorKind, IntoConnectionInfo,
    RedisConnectionInfo, RedisError, RedisResult, TlsCertificates,
};

use crate::address::{Address, Node, Settings, Tls};
use crate::broker::Error;

/// How long a connection that waits for messages waits at once.
pub const WAIT: Duration = Duration::from_secs(1);

/// A connection for commands that answer at once.
pub async fn commands(settings: &Settings) -> RedisResult<MultiplexedConnection> {
    multiplexed(settings, settings.transport.socket_timeout).await
}

/// A connection for commands that wait, at most [`WAIT`] or a little longer.
pub async fn waiting(settings: &Settings) -> RedisResult<MultiplexedConnection> {
    multiplexed(settings, settings.transport.socket_timeout + WAIT.max(Duration::from_secs(30))).await
}

/// A connection that listens to channels.
pub async fn listening(settings: &Settings) -> RedisResult<PubSub> {
    let client = client(settings).await?;
    let connect = client.get_async_pubsub();
    tokio::time::timeout(settings.transport.socket_connect_timeout, connect).await.map_err(|_| timed_out())?
}

async fn multiplexed(settings: &Settings, answer: Duration) -> RedisResult<MultiplexedConnection> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(settings.transport.socket_connect_timeout))
        .set_response_timeout(Some(answer));
    client(settings).await?.get_multiplexed_async_connection_with_config(&config).await
}

fn timed_out() -> RedisError {
    RedisError::from(std::io::Error::from(std::io::ErrorKind::TimedOut))
}

/// The first server that answers; of Sentinels, the master that the first one names.
async fn client(settings: &Settings) -> RedisResult<Client> {
    let Address::Redis { nodes, db, sentinel } = &settings.address else { unreachable!("a Redis broker is on Redis") };
    let mut last = None;
    for node in nodes {
        let found = match sentinel {
            true => master(settings, node, *db).await,
            false => plain(settings, node, *db, (node.user.clone(), node.password.clone())),
        };
        match found {
            // With one server, or one that Sentinels know, the connection itself says whether it is there.
            Ok(client) if nodes.len() == 1 || *sentinel => return Ok(client),
            Ok(client) => match tokio::time::timeout(
                settings.transport.socket_connect_timeout,
                client.get_multiplexed_async_connection(),
            )
            .await
            {
                Ok(Ok(_)) => return Ok(client),
                Ok(Err(error)) => last = Some(error),
                Err(_) => last = Some(timed_out()),
            },
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(timed_out))
}

async fn master(settings: &Settings, sentinel: &Node, db: i64) -> RedisResult<Client> {
    let login = settings.transport.sentinel_login.clone().unwrap_or_default();
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(settings.transport.socket_connect_timeout))
        .set_response_timeout(Some(settings.transport.socket_timeout));
    let asked = plain(settings, sentinel, 0, login)?;
    let mut asked = asked.get_multiplexed_async_connection_with_config(&config).await?;
    let name = &settings.transport.master_name;
    let found: Option<(String, u16)> =
        ::redis::cmd("SENTINEL").arg("get-master-addr-by-name").arg(name).query_async(&mut asked).await?;
    let Some((host, port)) = found else {
        let text = format!("the Sentinel {} knows no master '{name}'", sentinel.name());
        return Err(RedisError::from((ErrorKind::InvalidClientConfig, "no such master", text)));
    };
    let node = Node { host, port, user: sentinel.user.clone(), password: sentinel.password.clone() };
    plain(settings, &node, db, (node.user.clone(), node.password.clone()))
}

fn plain(settings: &Settings, node: &Node, db: i64, (user, password): (String, String)) -> RedisResult<Client> {
    let addr = match (&settings.tls, node.port) {
        (_, 0) => ConnectionAddr::Unix(node.host.clone().into()),
        (None, port) => ConnectionAddr::Tcp(node.host.clone(), port),
        (Some(tls), port) => {
            ConnectionAddr::TcpTls { host: node.host.clone(), port, insecure: tls.unchecked, tls_params: None }
        }
    };
    let mut login = RedisConnectionInfo::default().set_db(db);
    if !user.is_empty() {
        login = login.set_username(user);
    }
    if !password.is_empty() {
        login = login.set_password(password);
    }
    let info: ConnectionInfo = addr.into_connection_info()?.set_redis_settings(login);
    match &settings.tls {
        Some(tls) if node.port != 0 && !tls.unchecked => Client::build_with_tls(info, certificates(tls)?),
        _ => Client::open(info),
    }
}

fn certificates(tls: &Tls) -> RedisResult<TlsCertificates> {
    let read = |path: &Path| std::fs::read(path).map_err(RedisError::from);
    let client_tls = match &tls.identity {
        Some((cert, key)) => Some(ClientTlsConfig { client_cert: read(cert)?, client_key: read(key)? }),
        None => None,
    };
    Ok(TlsCertificates { client_tls, root_cert: tls.ca.as_deref().map(read).transpose()? })
}

/// Whether certificates can be read.
pub fn check(settings: &Settings) -> Result<(), Error> {
    let Some(tls) = &settings.tls else { return Ok(()) };
    let files = tls.ca.iter().chain(tls.identity.iter().flat_map(|(cert, key)| [cert, key]));
    for path in files {
        std::fs::metadata(path).map_err(|error| {
            Error::Settings(format!("[celery] ssl_* names {}, which cannot be read: {error}", path.display()))
        })?;
    }
    Ok(())
}
