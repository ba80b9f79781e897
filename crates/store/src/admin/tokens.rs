//! Tokens that were taken back before their end.

use tradewind_core::Timestamp;

use crate::sql::Statement;
use crate::{Error, Store};

static REVOKE: Statement =
    Statement::new("INSERT INTO revoked_token (jti, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING");
static FORGET: Statement = Statement::new("DELETE FROM revoked_token WHERE expires_at < $1");
static ALL: Statement = Statement::new("SELECT jti, expires_at FROM revoked_token WHERE expires_at >= $1");

impl Store {
    /// Takes a token back; forgets those that have ended by themselves.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn revoke_token(&self, jti: &str, expires_at: Timestamp, now: Timestamp) -> Result<(), Error> {
        let mut tx = self.begin().await?;
        FORGET.bind(now).run(&mut tx).await?;
        REVOKE.bind(jti).bind(expires_at).run(&mut tx).await?;
        tx.commit().await
    }

    /// Tokens that were taken back and have not ended by themselves yet, with their ends.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn revoked_tokens(&self, now: Timestamp) -> Result<Vec<(String, Timestamp)>, Error> {
        ALL.bind(now).all(&mut self.db().reader().await?).await
    }
}
