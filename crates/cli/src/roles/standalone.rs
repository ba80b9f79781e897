//! `standalone`: everything in one process, with all set-up on the first start.

use std::fs;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use tradewind_server::ServerConfig;
use tradewind_store::{Dialect, Store};

use super::banner::{Banner, SignIn};
use super::{Triggering, access, engine, settings};
use crate::commands::session::{migrate, open_store};
use crate::config::{Config, options};
use crate::error::CliError;
use crate::progress::Progress;
use crate::python_env::{self, PythonEnv};
use crate::{accounts, home, terminal, wake};

/// Name of the account that is made on the first start.
const ADMIN: &str = "admin";

/// Sets up what is missing and runs until asked to end.
///
/// # Errors
/// What stands in the way, with what to do; nothing half-made is left behind.
pub async fn standalone(config: Config, began: Instant, shutdown: CancellationToken) -> Result<(), CliError> {
    let bundles = settings::bundles(&config)?;
    let listening = listening_on(&config);
    check_port(&listening.host, listening.port).await?;
    let config = home::ensure(config)?;
    settings::write_examples(&config, &bundles)?;
    // A server is asked first: making a Python environment takes a while. A file is made last: should Python be
    // missing, nothing half-made stays behind.
    let server = !config.text(&options::SQL_ALCHEMY_CONN).starts_with("sqlite");
    let opened = if server { Some(open_store(&config, true).await?) } else { None };
    let progress = Progress::new();
    let python = python_env::prepare(&config, &progress)?;
    let hosts = super::hosts(&config, &bundles, &progress)?;
    progress.done();

    // The interpreter comes up while the database is made ready.
    let first_host = tokio::spawn({
        let hosts = hosts.clone();
        async move { hosts.start().await }
    });
    let store = match opened {
        Some(store) => store,
        None => open_store(&config, true).await?,
    };
    migrate(&config, &store, "tradewind").await?;
    let _wake = match store.dialect() {
        Dialect::Sqlite => wake::Receiver::start(&config, store.notifier().clone())
            .inspect_err(|error| tracing::warn!(%error, "commands in other processes are noticed a little later"))
            .ok(),
        Dialect::Postgres => None,
    };
    tradewind_engine::end_jobs_of_dead_processes(&store, &super::hostname(), super::now()).await?;
    fs::create_dir_all(config.path(&options::DAGS_FOLDER)).ok();
    let mut server = listening_on(&config);
    server.auth = access::auth(&config)?;
    access::simple_accounts(&config, &store).await?;
    let all_admins = server.all_admins;
    let password_file = config.home().join("standalone_admin_password.txt");
    let password = if all_admins { None } else { first_account(&store, &password_file).await? };
    let base_url = server.base_url.clone();
    let bound =
        tradewind_server::bind(server, store.clone()).await.map_err(|error| CliError::failed(error.to_string()))?;
    let address = bound.address()?;
    let url = match config.is_set(&options::API_BASE_URL) {
        true => base_url,
        false => settings::local_url(&address.ip().to_string(), address.port()),
    };
    let serving = tokio::spawn(bound.run(shutdown.clone()));
    let mut processors = engine::dag_processors(&config, &store, &hosts, &bundles, &shutdown);
    processors.push(super::callbacks(&config, &store, &hosts, &bundles, &shutdown));
    let scheduler = engine::scheduler(&config, &store, &hosts, &bundles, shutdown.clone()).await?;
    let triggerer =
        super::triggerer(&config, &store, &hosts, &bundles, Triggering::default(), shutdown.clone()).await?;

    let sign_in = match (all_admins, password_file.exists()) {
        (true, _) => SignIn::Nobody,
        (false, true) => SignIn::Admin(&password_file, password),
        (false, false) => SignIn::Own,
    };
    let banner = Banner {
        url: &url,
        sign_in,
        dags: bundles.iter().map(|b| b.root.display().to_string()).collect(),
        database: &database_name(&config),
        python: &python.interpreter,
        took: began.elapsed(),
    };
    print!("{}", banner.text(terminal::stdout_colours()));
    let _ = std::io::Write::flush(&mut std::io::stdout());
    check_host(first_host, &python).await;

    shutdown.cancelled().await;
    tracing::info!("shutting down");
    scheduler.ended().await;
    let _ = triggerer.await;
    for processor in processors {
        let _ = processor.await;
    }
    let _ = serving.await;
    super::repositories::gave_up()
}

/// Settings of the server. Listening to the world is for those who say so.
fn listening_on(config: &Config) -> ServerConfig {
    let mut server = settings::server(config);
    if !config.is_set(&options::API_HOST) {
        server.host = "127.0.0.1".into();
        if !config.is_set(&options::API_BASE_URL) {
            server.base_url = settings::local_url(&server.host, server.port);
        }
    }
    server
}

/// Fails early, before anything is made, when somebody else listens there. One that is just going away is waited for.
async fn check_port(host: &str, port: u16) -> Result<(), CliError> {
    for left in (0..10).rev() {
        match TcpListener::bind((host, port)) {
            Ok(_) => break,
            Err(error) if error.kind() == ErrorKind::AddrInUse && left > 0 => {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            Err(error) => {
                let message = match error.kind() {
                    ErrorKind::AddrInUse => format!("the address {host}:{port} is in use by another program"),
                    _ => format!("cannot listen on {host}:{port}: {error}"),
                };
                return Err(CliError::failed(message)
                    .hint("stop the other program, or choose another port with AIRFLOW__API__PORT ([api] port)"));
            }
        }
    }
    Ok(())
}

/// Makes the administrator when there is no account at all; answers the new password.
async fn first_account(store: &Store, file: &Path) -> Result<Option<String>, CliError> {
    if !store.users().await?.is_empty() {
        return Ok(None);
    }
    let password = home::random_text(16);
    home::write_private(file, &format!("{password}\n"))
        .map_err(|error| CliError::failed(format!("cannot write {}: {error}", file.display())))?;
    accounts::create(
        store,
        accounts::Account {
            username: ADMIN.into(),
            roles: vec!["Admin".into()],
            email: "admin@example.com".into(),
            first_name: "Admin".into(),
            last_name: "User".into(),
            password: password.clone(),
        },
    )
    .await?;
    Ok(Some(password))
}

/// A host that does not come up is told, but does not take the server down: DAGs that are there can be looked at.
async fn check_host<E: std::fmt::Display>(host: tokio::task::JoinHandle<Result<(), E>>, python: &PythonEnv) {
    match host.await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::error!(python = %python.interpreter.display(), "{error}"),
        Err(error) => tracing::error!(%error, "starting Python failed"),
    }
}

/// The database for people: without user and password.
fn database_name(config: &Config) -> String {
    let address = config.text(&options::SQL_ALCHEMY_CONN);
    let (scheme, rest) = address.split_once("://").unwrap_or(("", address));
    if scheme.starts_with("sqlite") {
        return PathBuf::from(rest.strip_prefix('/').unwrap_or(rest)).display().to_string();
    }
    let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
    format!("PostgreSQL at {}", place.split('?').next().unwrap_or(place))
}
