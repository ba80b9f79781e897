//! A new Fernet key: everything that is encrypted is encrypted again, with the first of the keys.

use crate::sql::Statement;
use crate::{Error, Store};

static TRIGGERS: Statement = Statement::new("SELECT id, kwargs FROM trigger ORDER BY id");
static SET_TRIGGER: Statement = Statement::new("UPDATE trigger SET kwargs = $2 WHERE id = $1 AND kwargs = $3");

/// What was encrypted again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotated {
    /// Connections.
    pub connections: usize,
    /// Variables.
    pub variables: usize,
    /// Triggers that wait.
    pub triggers: usize,
}

impl Store {
    /// Encrypts all secrets with the first key of `[core] fernet_key`; the others are not needed any more afterwards.
    /// Everything is decrypted before anything is written, so that a key that is missing changes nothing.
    ///
    /// # Errors
    /// [`Error::Secret`] if something can't be decrypted; those of the database.
    pub async fn rotate_fernet_key(&self) -> Result<Rotated, Error> {
        let (connections, variables) = (self.connections().await?, self.variables().await?);
        let triggers = TRIGGERS.query().all::<(i64, String)>(&mut self.db().reader().await?).await?;
        let mut clear = Vec::with_capacity(triggers.len());
        for (id, stored) in triggers {
            // Written while there was no key: plain JSON, which is no token.
            let text = if stored.starts_with('{') { stored.clone() } else { self.fernet().decrypt(&stored)? };
            clear.push((id, stored, text));
        }
        for connection in &connections {
            self.put_connection(connection).await?;
        }
        for variable in &variables {
            self.put_variable(variable).await?;
        }
        let mut tx = self.begin().await?;
        for (id, stored, text) in &clear {
            SET_TRIGGER.bind(*id).bind(self.fernet().encrypt(text).0).bind(stored).run(&mut tx).await?;
        }
        tx.commit().await?;
        Ok(Rotated { connections: connections.len(), variables: variables.len(), triggers: clear.len() })
    }
}
