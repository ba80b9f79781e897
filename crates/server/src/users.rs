//! What users may do, remembered for some seconds so that not every request asks the database.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tradewind_core::Timestamp;
use tradewind_store::Store;

use crate::auth::rights::Rights;
use crate::auth::role::rights_of;
use crate::http::error::ApiResult;

/// A user who was removed or given another role is treated as before for at most this long by other api-servers;
/// the one that made the change forgets at once.
const REMEMBERED: Duration = Duration::from_secs(5);

/// So many users are remembered before the memory is emptied.
const MOST: usize = 10_000;

/// An active user.
#[derive(Clone, Debug)]
pub struct Known {
    /// Names of their roles.
    pub roles: Arc<[String]>,
    /// What those may do together.
    pub rights: Arc<Rights>,
    /// Tokens from before this instant are not good any more.
    pub tokens_valid_from: Timestamp,
}

/// Remembers users.
#[derive(Default)]
pub struct Users(Mutex<HashMap<String, (Instant, Option<Known>)>>);

impl Users {
    /// An active user; `None` if there is no such user.
    ///
    /// # Errors
    /// The database's.
    pub async fn find(&self, store: &Store, username: &str) -> ApiResult<Option<Known>> {
        if let Some((at, known)) = self.lock().get(username)
            && at.elapsed() < REMEMBERED
        {
            return Ok(known.clone());
        }
        let known = match store.find_user(username).await?.filter(|user| user.active) {
            Some(user) => {
                let history = store.user_history(username).await?;
                let tokens_valid_from = history.map_or(Timestamp::from_micros(0), |history| history.tokens_valid_from);
                let rights = Arc::new(rights_of(store, &user.roles).await?);
                Some(Known { roles: user.roles.into(), rights, tokens_valid_from })
            }
            None => None,
        };
        self.keep(username, known.clone());
        Ok(known)
    }

    /// What everybody of a role may do, who has no account: guests, and users that another server knows.
    ///
    /// # Errors
    /// The database's.
    pub async fn of_roles(&self, store: &Store, roles: &[String]) -> ApiResult<Known> {
        // No user has a name with a line break in it.
        let name = format!("\n{}", roles.join("\n"));
        if let Some((at, Some(known))) = self.lock().get(&name)
            && at.elapsed() < REMEMBERED
        {
            return Ok(known.clone());
        }
        let known = Known {
            roles: roles.into(),
            rights: Arc::new(rights_of(store, roles).await?),
            tokens_valid_from: Timestamp::from_micros(0),
        };
        self.keep(&name, Some(known.clone()));
        Ok(known)
    }

    /// Users or roles were changed here.
    pub fn forget(&self) {
        self.lock().clear();
    }

    fn keep(&self, name: &str, known: Option<Known>) {
        let mut all = self.lock();
        if all.len() >= MOST {
            all.clear();
        }
        all.insert(name.to_owned(), (Instant::now(), known));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, (Instant, Option<Known>)>> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
