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
        /// Names of roles: `Admin`, `Op`, `User`, `Viewer`, own ones. A name without a role means nothing.
        pub roles: Vec<String>,
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

row! {
    /// What happened to an account.
    #[derive(PartialEq, Eq)]
    pub struct UserHistory {
        /// Name to log in with.
        pub username: String,
        /// When it was made.
        pub created_at: Timestamp,
        /// When it was last changed.
        pub updated_at: Timestamp,
        /// When somebody last logged in with it.
        pub last_login_at: Option<Timestamp>,
        /// How often somebody did.
        pub login_count: i64,
        /// How often a password was wrong since then.
        pub fail_login_count: i64,
        /// Tokens from before this instant are not good any more.
        pub tokens_valid_from: Timestamp,
    }
}

static FIND: Statement = Statement::new("SELECT {columns} FROM users WHERE username = $1").reads::<User>();
static ALL: Statement = Statement::new("SELECT {columns} FROM users ORDER BY username").reads::<User>();
static CREATE: Statement = Statement::new(
    "INSERT INTO users (username, password_hash, roles, email, first_name, last_name, active, created_at, updated_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)
     ON CONFLICT DO NOTHING",
);
static PUT: Statement = Statement::new(
    "INSERT INTO users (username, password_hash, roles, email, first_name, last_name, active, created_at, updated_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)
     ON CONFLICT (username) DO UPDATE SET password_hash = excluded.password_hash, roles = excluded.roles,
        email = excluded.email, first_name = excluded.first_name, last_name = excluded.last_name,
        active = excluded.active, updated_at = excluded.updated_at,
        tokens_valid_from = CASE WHEN users.password_hash = excluded.password_hash THEN users.tokens_valid_from
            ELSE excluded.updated_at END",
);
static DELETE: Statement = Statement::new("DELETE FROM users WHERE username = $1");
static LOGGED_IN: Statement = Statement::new(
    "UPDATE users SET last_login_at = $2, login_count = login_count + 1, fail_login_count = 0 WHERE username = $1",
);
static FAILED: Statement =
    Statement::new("UPDATE users SET fail_login_count = fail_login_count + 1 WHERE username = $1");
static RENAME: Statement = Statement::new(
    "UPDATE users SET username = $2, updated_at = $3, tokens_valid_from = $3
     WHERE username = $1 AND NOT EXISTS (SELECT 1 FROM users AS o WHERE o.username = $2)",
);
static RENAME_IN_FAVORITES: Statement = Statement::new("UPDATE dag_favorite SET username = $2 WHERE username = $1");
static FORGET_FAVORITES: Statement = Statement::new("DELETE FROM dag_favorite WHERE username = $1");
static RENEW_HASH: Statement =
    Statement::new("UPDATE users SET password_hash = $3 WHERE username = $1 AND password_hash = $2");
static HISTORY: Statement = Statement::new("SELECT {columns} FROM users ORDER BY username").reads::<UserHistory>();
static HISTORY_OF: Statement = Statement::new("SELECT {columns} FROM users WHERE username = $1").reads::<UserHistory>();

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
            .bind(serde_json::Value::from(user.roles.clone()).to_string())
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

    /// Somebody gave a wrong password for a user.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn user_failed_to_log_in(&self, username: &str) -> Result<(), Error> {
        let mut tx = self.begin().await?;
        FAILED.bind(username).run(&mut tx).await?;
        tx.commit().await
    }

    /// Gives a user another name to log in with; answers whether there is such a user and the name is free. Tokens are
    /// for the old name, and are not good any more.
    ///
    /// # Errors
    /// [`Error::Invalid`]; those of the database.
    pub async fn rename_user(&self, username: &str, new: &str) -> Result<bool, Error> {
        check_name("a user name", new)?;
        let mut tx = self.begin().await?;
        if RENAME.bind(username).bind(new).bind(crate::now()).run(&mut tx).await? == 0 {
            return Ok(false);
        }
        FORGET_FAVORITES.bind(new).run(&mut tx).await?;
        RENAME_IN_FAVORITES.bind(username).bind(new).run(&mut tx).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Keeps the same password in another hash, if nobody changed the password meanwhile; tokens stay good.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn renew_password_hash(&self, username: &str, old: &str, new: &str) -> Result<(), Error> {
        let mut tx = self.begin().await?;
        RENEW_HASH.bind(username).bind(old).bind(new).run(&mut tx).await?;
        tx.commit().await
    }

    /// What happened to an account.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn user_history(&self, username: &str) -> Result<Option<UserHistory>, Error> {
        HISTORY_OF.bind(username).optional(&mut self.db().reader().await?).await
    }

    /// What happened to all accounts, by name.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn user_histories(&self) -> Result<Vec<UserHistory>, Error> {
        HISTORY.query().all(&mut self.db().reader().await?).await
    }
}
