//! Values that are made once for an installation, such as generated secrets.

use crate::sql::Statement;
use crate::{Error, Store};

static GET: Statement = Statement::new("SELECT value FROM setting WHERE key = $1");
static ADD: Statement = Statement::new("INSERT INTO setting (key, value) VALUES ($1, $2) ON CONFLICT DO NOTHING");

impl Store {
    /// A setting's value.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn setting(&self, key: &str) -> Result<Option<String>, Error> {
        Ok(GET.bind(key).optional::<(String,)>(&mut self.db().reader().await?).await?.map(|(value,)| value))
    }

    /// A setting's value, made now if there is none. Whoever asks at the same time gets the same.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn setting_or(&self, key: &str, make: impl FnOnce() -> String) -> Result<String, Error> {
        if let Some(value) = self.setting(key).await? {
            return Ok(value);
        }
        let mut tx = self.begin().await?;
        ADD.bind(key).bind(make()).run(&mut tx).await?;
        let (value,) = GET.bind(key).one::<(String,)>(&mut tx).await?;
        tx.commit().await?;
        Ok(value)
    }
}
