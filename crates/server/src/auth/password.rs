//! Passwords: Argon2id hashes, checked away from the async threads and few at a time.

use argon2::password_hash::rand_core::OsRng;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use super::werkzeug;

/// Memory for one hash. OWASP's smallest recommended setting: a login costs 19 MiB for some tens of milliseconds.
const MEMORY_KIB: u32 = 19 * 1024;

/// Hashes at the same time; more wait. Bounds the memory that a flood of logins can take.
const CONCURRENT: usize = 2;

/// Why a password could not be hashed.
#[derive(Debug, thiserror::Error)]
#[error("cannot hash the password: {0}")]
pub struct HashError(String);

/// Whether a stored hash is one that a password can fit here: whose password is somebody else's to check has none.
pub fn is_hash(stored: &str) -> bool {
    stored.starts_with('$') || werkzeug::is_one(stored)
}

/// The PHC string of a password, with a fresh salt. Slow on purpose; don't call it on an async thread.
///
/// # Errors
/// [`HashError`] if the random source is broken.
pub fn hash_password(password: &str) -> Result<String, HashError> {
    let salt = SaltString::generate(&mut OsRng);
    let hash = hasher().hash_password(password.as_bytes(), &salt).map_err(|error| HashError(error.to_string()))?;
    Ok(hash.to_string())
}

/// Checks passwords.
pub struct PasswordChecker {
    turns: Semaphore,
    /// Checked when there is no such user, so that the answer takes as long.
    decoy: String,
}

impl PasswordChecker {
    /// Hashes a decoy once; slow like a login.
    ///
    /// # Errors
    /// [`HashError`] if the random source is broken.
    pub fn new() -> Result<Self, HashError> {
        Ok(Self { turns: Semaphore::new(CONCURRENT), decoy: hash_password(&uuid::Uuid::new_v4().to_string())? })
    }

    /// Whether the password fits the hash. Without a hash (unknown user) the answer is no, after the same work.
    pub async fn check(&self, password: String, hash: Option<String>) -> bool {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.decoy.clone());
        let Ok(_turn) = self.turns.acquire().await else { return false };
        let fits = tokio::task::spawn_blocking(move || {
            if werkzeug::is_one(&hash) {
                return werkzeug::fits(&password, &hash);
            }
            PasswordHash::new(&hash).is_ok_and(|hash| hasher().verify_password(password.as_bytes(), &hash).is_ok())
        });
        fits.await.unwrap_or(false) && known
    }

    /// A new hash of a password that has just fitted an old form of hash; `None` if the hash is of today's form.
    pub async fn renewed(&self, password: String, hash: &str) -> Option<String> {
        if !werkzeug::is_one(hash) {
            return None;
        }
        let _turn = self.turns.acquire().await.ok()?;
        tokio::task::spawn_blocking(move || hash_password(&password).ok()).await.ok()?
    }
}

fn hasher() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, 2, 1, None).unwrap_or_default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_of_a_known_user_fits() {
        let checker = PasswordChecker::new().unwrap();
        let hash = hash_password("secret").unwrap();
        assert!(hash.starts_with("$argon2id$"));
        assert!(checker.check("secret".into(), Some(hash.clone())).await);
        assert!(!checker.check("Secret".into(), Some(hash)).await);
        assert!(!checker.check("secret".into(), None).await);
        assert!(!checker.check("secret".into(), Some("not a hash".into())).await);
    }
}
