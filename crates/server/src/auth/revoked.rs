//! Tokens that were taken back: remembered, so that not every request asks the database.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use tradewind_core::Timestamp;
use tradewind_store::{Error, Store};

use crate::clock::now;

/// A token that another api-server took back is good here for at most this long.
const REMEMBERED: Duration = Duration::from_secs(5);

/// See the module.
#[derive(Default)]
pub struct Revoked(Mutex<(Option<Instant>, HashMap<String, Timestamp>)>);

impl Revoked {
    /// Takes a token back.
    ///
    /// # Errors
    /// The database's.
    pub async fn revoke(&self, store: &Store, jti: &str, expires_at: Timestamp) -> Result<(), Error> {
        store.revoke_token(jti, expires_at, now()).await?;
        self.lock().1.insert(jti.to_owned(), expires_at);
        Ok(())
    }

    /// Whether a token was taken back.
    ///
    /// # Errors
    /// The database's.
    pub async fn has(&self, store: &Store, jti: &str) -> Result<bool, Error> {
        {
            let known = self.lock();
            if known.0.is_some_and(|at| at.elapsed() < REMEMBERED) || known.1.contains_key(jti) {
                return Ok(known.1.contains_key(jti));
            }
        }
        let at = now();
        let fresh = store.revoked_tokens(at).await?;
        let mut known = self.lock();
        known.0 = Some(Instant::now());
        known.1.retain(|_, expires_at| *expires_at >= at);
        known.1.extend(fresh);
        Ok(known.1.contains_key(jti))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, (Option<Instant>, HashMap<String, Timestamp>)> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
