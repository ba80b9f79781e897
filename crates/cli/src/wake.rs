//! Wakes a running Tradewind on an embedded database from a command in another process. PostgreSQL carries such
//! hints itself; SQLite cannot, so a datagram socket in the home does. A hint that is lost costs a poll's time.

use std::io;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

use tradewind_store::{Notifier, Topic};

use crate::config::Config;

fn socket_path(config: &Config) -> PathBuf {
    config.home().join(".tradewind").join("wake")
}

/// Passes hints on to the notifier until dropped.
pub struct Receiver {
    path: PathBuf,
    task: tokio::task::JoinHandle<()>,
}

impl Receiver {
    /// Listens in the home. Needs a running Tokio runtime.
    ///
    /// # Errors
    /// The socket cannot be made.
    pub fn start(config: &Config, notifier: Notifier) -> io::Result<Self> {
        let path = socket_path(config);
        if let Some(folder) = path.parent() {
            crate::home::private_folder(folder)?;
        }
        // Left behind by a process that was killed; the database's lock says that nobody else runs.
        let _ = std::fs::remove_file(&path);
        let socket = tokio::net::UnixDatagram::bind(&path)?;
        let task = tokio::spawn(async move {
            let mut hint = [0u8; 1];
            while socket.recv(&mut hint).await.is_ok() {
                Topic::ALL.into_iter().for_each(|topic| notifier.notify(topic));
            }
        });
        Ok(Self { path, task })
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Something in the database changed: whoever runs on it should look. Nobody may be there, which is fine.
pub fn hint(config: &Config) {
    send(&socket_path(config));
}

fn send(path: &Path) {
    if let Ok(socket) = UnixDatagram::unbound() {
        let _ = socket.set_nonblocking(true);
        let _ = socket.send_to(&[1], path);
    }
}
