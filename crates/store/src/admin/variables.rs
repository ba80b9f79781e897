//! Variables.

use super::{check_name, without_nul};
use crate::db::Query;
use crate::row::row;
use crate::sql::Statement;
use crate::{Error, Store};

/// A variable, in the clear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub key: String,
    /// Its text.
    pub value: String,
    /// For people.
    pub description: Option<String>,
    /// Whether it is stored encrypted. Not looked at in writing: the keys of the installation decide.
    pub is_encrypted: bool,
}

row! {
    struct Stored {
        key: String,
        val: String,
        description: Option<String>,
        is_encrypted: bool,
    }
}

static GET: Statement = Statement::new("SELECT {columns} FROM variable WHERE key = $1").reads::<Stored>();
static ALL: Statement = Statement::new("SELECT {columns} FROM variable ORDER BY key").reads::<Stored>();
static CREATE: Statement = Statement::new(
    "INSERT INTO variable (key, val, description, is_encrypted, updated_at) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT DO NOTHING",
);
static PUT: Statement = Statement::new(
    "INSERT INTO variable (key, val, description, is_encrypted, updated_at) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (key) DO UPDATE SET val = excluded.val, description = excluded.description,
        is_encrypted = excluded.is_encrypted, updated_at = excluded.updated_at",
);
static DELETE: Statement = Statement::new("DELETE FROM variable WHERE key = $1");

impl Store {
    /// A variable.
    ///
    /// # Errors
    /// [`Error::Secret`] if it can't be decrypted; those of the database.
    pub async fn variable(&self, key: &str) -> Result<Option<Variable>, Error> {
        let stored = GET.bind(key).optional::<Stored>(&mut self.db().reader().await?).await?;
        stored.map(|stored| self.clear_variable(stored)).transpose()
    }

    /// All variables, by key.
    ///
    /// # Errors
    /// [`Error::Secret`] if one can't be decrypted; those of the database.
    pub async fn variables(&self) -> Result<Vec<Variable>, Error> {
        let stored = ALL.query().all::<Stored>(&mut self.db().reader().await?).await?;
        stored.into_iter().map(|stored| self.clear_variable(stored)).collect()
    }

    /// Stores a variable that is not there yet.
    ///
    /// # Errors
    /// [`Error::Exists`], [`Error::Invalid`]; those of the database.
    pub async fn create_variable(&self, variable: &Variable) -> Result<(), Error> {
        let mut tx = self.begin().await?;
        if self.variable_query(&CREATE, variable)?.run(&mut tx).await? == 0 {
            return Err(Error::Exists(format!("there is a variable '{}' already", variable.key)));
        }
        tx.commit().await
    }

    /// Stores a variable, whether it is there or not.
    ///
    /// # Errors
    /// [`Error::Invalid`]; those of the database.
    pub async fn put_variable(&self, variable: &Variable) -> Result<(), Error> {
        let mut tx = self.begin().await?;
        self.variable_query(&PUT, variable)?.run(&mut tx).await?;
        tx.commit().await
    }

    /// Forgets a variable; answers whether it was there.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn delete_variable(&self, key: &str) -> Result<bool, Error> {
        let mut tx = self.begin().await?;
        let deleted = DELETE.bind(key).run(&mut tx).await?;
        tx.commit().await?;
        Ok(deleted > 0)
    }

    fn variable_query<'s>(&self, statement: &'s Statement, variable: &Variable) -> Result<Query<'s>, Error> {
        check_name("the key of a variable", &variable.key)?;
        without_nul("the variable", &variable.value)?;
        let (value, is_encrypted) = self.fernet().encrypt(&variable.value);
        Ok(statement
            .bind(&variable.key)
            .bind(value)
            .bind(variable.description.as_ref())
            .bind(is_encrypted)
            .bind(crate::now()))
    }

    fn clear_variable(&self, stored: Stored) -> Result<Variable, Error> {
        let what = format!("variable '{}'", stored.key);
        let value = self.reveal(&what, stored.val, stored.is_encrypted)?;
        Ok(Variable { key: stored.key, value, description: stored.description, is_encrypted: stored.is_encrypted })
    }
}
