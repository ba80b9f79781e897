//! Roles of users, remembered for some seconds so that not every request asks the database.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use tradewind_store::Store;

use crate::auth::Role;
use crate::http::error::{ApiError, ApiResult};

/// A user who was removed or given another role is treated as before for at most this long.
const REMEMBERED: Duration = Duration::from_secs(5);

/// So many users are remembered before the memory is emptied.
const MOST: usize = 10_000;

/// Remembers roles.
#[derive(Default)]
pub struct Users(Mutex<HashMap<String, (Instant, Option<Role>)>>);

impl Users {
    /// The role of an active user; `None` if there is no such user.
    ///
    /// # Errors
    /// The database's; 403 for a role that this server does not know.
    pub async fn role_of(&self, store: &Store, username: &str) -> ApiResult<Option<Role>> {
        if let Some((at, role)) = self.lock().get(username)
            && at.elapsed() < REMEMBERED
        {
            return Ok(*role);
        }
        let role = match store.find_user(username).await?.filter(|user| user.active) {
            Some(user) => Some(user.role.parse::<Role>().map_err(ApiError::forbidden)?),
            None => None,
        };
        let mut known = self.lock();
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(username.to_owned(), (Instant::now(), role));
        Ok(role)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, (Instant, Option<Role>)>> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
