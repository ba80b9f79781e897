//! Tokens for names and passwords that come with every request: a password is checked at leisure, and its token then
//! serves the requests of the next minute.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use crate::auth::login::Login;

/// How long a password is not checked again. A token ends with its password all the same: it was made before that
/// changed.
const REMEMBERED: Duration = Duration::from_secs(60);
/// How long its token lasts: no request that uses it takes longer.
pub const LASTS: Duration = Duration::from_secs(600);
/// When there are more, all are forgotten.
const MOST: usize = 10_000;

/// Hashes of what was checked, with the token that was made.
pub struct Logins {
    /// Makes the hashes worthless to whoever reads them elsewhere.
    salt: [u8; 32],
    known: Mutex<HashMap<[u8; 32], (Instant, String)>>,
}

impl Default for Logins {
    fn default() -> Self {
        Self { salt: rand::random(), known: Mutex::default() }
    }
}

impl Logins {
    /// Names a login for [`Logins::remember`], before its password is given away to be checked.
    pub fn name(&self, login: &Login) -> [u8; 32] {
        let length = login.username.len().to_le_bytes();
        let hash = Sha256::new().chain_update(self.salt).chain_update(length);
        hash.chain_update(&login.username).chain_update(&login.password).finalize().into()
    }

    /// The token of a login that was checked within the last minute.
    pub fn token(&self, login: &Login, now: Instant) -> Option<String> {
        let name = self.name(login);
        let known = self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (at, token) = known.get(&name)?;
        (now.duration_since(*at) < REMEMBERED).then(|| token.clone())
    }

    /// The token of a login that was checked just now.
    pub fn remember(&self, name: [u8; 32], token: String, now: Instant) {
        let mut known = self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(name, (now, token));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(username: &str, password: &str) -> Login {
        Login { username: username.into(), password: password.into() }
    }

    #[test]
    fn a_login_is_remembered_for_a_minute_and_for_itself_alone() {
        let (logins, now) = (Logins::default(), Instant::now());
        logins.remember(logins.name(&login("ab", "c")), "t".into(), now);
        assert_eq!(logins.token(&login("ab", "c"), now).as_deref(), Some("t"));
        assert_eq!(logins.token(&login("a", "bc"), now), None);
        assert_eq!(logins.token(&login("ab", "d"), now), None);
        assert_eq!(logins.token(&login("ab", "c"), now + REMEMBERED), None);
    }
}
