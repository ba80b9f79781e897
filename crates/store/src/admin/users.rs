//! Users.

use tradewind_core::Timestamp;

use super::check_name;
use crate::row::row;
use crate::sql::Statement;
use crate::{Error, Store};

row! {
    /// Somebody who may log in.
    #[derive(PartialEq, Eq)]
    pub struct User {
        /// Name to log in with.
        pub username: String,
        /// As the server's password hasher wrote it.
        pub password_hash: String,
        /// `Admin`, `Op`, `User`, `Viewer` …
        pub role: String,
        /// Address.
        pub email: Option<String>,
        /// First name.
        pub first_name: Option<String>,
        /// Last name.
        pub last_name: Option<String>,
        /// May log in.
        pub active: bool,
    }
}

static FIND: Statement = Statement::new("SELECT {columns} FROM users WHERE username = $1").reads::<User>();
static ALL: Statement = Statement::new("SELECT {columns} FROM users ORDER BY username").reads::<User>();
static CREATE: Statement = Statement::new(
    "INSERT INTO users (username, password_hash, role, email, first_name, last_name, active, created_at, updated_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)
     ON CONFLICT DO NOTHING",
);
static PUT: Statement = Statement::new(
    "INSERT INTO users (username, password_hash, role, email, first_name, last_name, active, created_at, updated_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)
     ON CONFLICT (username) DO UPDATE SET password_hash = excluded.password_hash, role = excluded.role,
        email = excluded.email, first_name = excluded.first_name, last_name = excluded.last_name,
        active = excluded.active, updated_at = excluded.updated_at",
);
static DELETE: Statement = Statement::new("DELETE FROM users WHERE username = $1");
static LOGGED_IN: Statement = Statement::new("UPDATE users SET last_login_at = $2 WHERE username = $1");

impl Store {
    /// A user.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn find_user(&self, username: &str) -> Result<Option<User>, Error> {
        FIND.bind(username).optional(&mut self.db().reader().await?).await
    }

    /// All users, by name.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn users(&self) -> Result<Vec<User>, Error> {
        ALL.query().all(&mut self.db().reader().await?).await
    }

    /// Stores a user who is not there yet.
    ///
    /// # Errors
    /// [`Error::Exists`], [`Error::Invalid`]; those of the database.
    pub async fn create_user(&self, user: &User) -> Result<(), Error> {
        if !self.write_user(&CREATE, user).await? {
            return Err(Error::Exists(format!("there is a user '{}' already", user.username)));
        }
        Ok(())
    }

    /// Stores a user, whether there or not.
    ///
    /// # Errors
    /// [`Error::Invalid`]; those of the database.
    pub async fn put_user(&self, user: &User) -> Result<(), Error> {
        self.write_user(&PUT, user).await.map(|_| ())
    }

    async fn write_user(&self, statement: &Statement, user: &User) -> Result<bool, Error> {
        check_name("a user name", &user.username)?;
        let mut tx = self.begin().await?;
        let written = statement
            .bind(&user.username)
            .bind(&user.password_hash)
            .bind(&user.role)
            .bind(user.email.as_ref())
            .bind(user.first_name.as_ref())
            .bind(user.last_name.as_ref())
            .bind(user.active)
            .bind(crate::now())
            .run(&mut tx)
            .await?;
        tx.commit().await?;
        Ok(written > 0)
    }

    /// Deletes a user; answers whether there was one.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn delete_user(&self, username: &str) -> Result<bool, Error> {
        let mut tx = self.begin().await?;
        let deleted = DELETE.bind(username).run(&mut tx).await?;
        tx.commit().await?;
        Ok(deleted > 0)
    }

    /// A user has logged in.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn user_logged_in(&self, username: &str, at: Timestamp) -> Result<(), Error> {
        let mut tx = self.begin().await?;
        LOGGED_IN.bind(username).bind(at).run(&mut tx).await?;
        tx.commit().await
    }
}
