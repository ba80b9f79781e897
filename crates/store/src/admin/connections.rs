//! Connections.

use super::{check_name, without_nul};
use crate::db::Query;
use crate::row::row;
use crate::sql::Statement;
use crate::{Error, Store};

/// A connection, in the clear.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Connection {
    /// Its name.
    pub conn_id: String,
    /// `postgres`, `http` …
    pub conn_type: String,
    /// For people.
    pub description: Option<String>,
    /// Host.
    pub host: Option<String>,
    /// Schema, or database.
    pub schema: Option<String>,
    /// User.
    pub login: Option<String>,
    /// Secret.
    pub password: Option<String>,
    /// Port.
    pub port: Option<i32>,
    /// JSON, usually; secret as well.
    pub extra: Option<String>,
}

row! {
    struct Stored {
        conn_id: String,
        conn_type: String,
        description: Option<String>,
        host: Option<String>,
        schema: Option<String>,
        login: Option<String>,
        password: Option<String>,
        port: Option<i32>,
        extra: Option<String>,
        is_encrypted: bool,
        is_extra_encrypted: bool,
    }
}

static GET: Statement = Statement::new("SELECT {columns} FROM connection WHERE conn_id = $1").reads::<Stored>();
static ALL: Statement = Statement::new("SELECT {columns} FROM connection ORDER BY conn_id").reads::<Stored>();
static CREATE: Statement = Statement::new(
    "INSERT INTO connection (conn_id, conn_type, description, host, schema, login, password, port, extra, is_encrypted,
        is_extra_encrypted, updated_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
     ON CONFLICT DO NOTHING",
);
static PUT: Statement = Statement::new(
    "INSERT INTO connection (conn_id, conn_type, description, host, schema, login, password, port, extra, is_encrypted,
        is_extra_encrypted, updated_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
     ON CONFLICT (conn_id) DO UPDATE SET conn_type = excluded.conn_type, description = excluded.description,
        host = excluded.host, schema = excluded.schema, login = excluded.login, password = excluded.password,
        port = excluded.port, extra = excluded.extra, is_encrypted = excluded.is_encrypted,
        is_extra_encrypted = excluded.is_extra_encrypted, updated_at = excluded.updated_at",
);
static DELETE: Statement = Statement::new("DELETE FROM connection WHERE conn_id = $1");

impl Store {
    /// A connection.
    ///
    /// # Errors
    /// [`Error::Secret`] if it can't be decrypted; those of the database.
    pub async fn connection(&self, conn_id: &str) -> Result<Option<Connection>, Error> {
        let stored = GET.bind(conn_id).optional::<Stored>(&mut self.db().reader().await?).await?;
        stored.map(|stored| self.clear_connection(stored)).transpose()
    }

    /// All connections, by id.
    ///
    /// # Errors
    /// [`Error::Secret`] if one can't be decrypted; those of the database.
    pub async fn connections(&self) -> Result<Vec<Connection>, Error> {
        let stored = ALL.query().all::<Stored>(&mut self.db().reader().await?).await?;
        stored.into_iter().map(|stored| self.clear_connection(stored)).collect()
    }

    /// Stores a connection that is not there yet.
    ///
    /// # Errors
    /// [`Error::Exists`], [`Error::Invalid`]; those of the database.
    pub async fn create_connection(&self, connection: &Connection) -> Result<(), Error> {
        let mut tx = self.begin().await?;
        if self.connection_query(&CREATE, connection)?.run(&mut tx).await? == 0 {
            return Err(Error::Exists(format!("there is a connection '{}' already", connection.conn_id)));
        }
        tx.commit().await
    }

    /// Stores a connection, whether it is there or not.
    ///
    /// # Errors
    /// [`Error::Invalid`]; those of the database.
    pub async fn put_connection(&self, connection: &Connection) -> Result<(), Error> {
        let mut tx = self.begin().await?;
        self.connection_query(&PUT, connection)?.run(&mut tx).await?;
        tx.commit().await
    }

    /// Forgets a connection; answers whether it was there.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn delete_connection(&self, conn_id: &str) -> Result<bool, Error> {
        let mut tx = self.begin().await?;
        let deleted = DELETE.bind(conn_id).run(&mut tx).await?;
        tx.commit().await?;
        Ok(deleted > 0)
    }

    fn connection_query<'s>(&self, statement: &'s Statement, connection: &Connection) -> Result<Query<'s>, Error> {
        check_name("the id of a connection", &connection.conn_id)?;
        check_name("the type of a connection", &connection.conn_type)?;
        if connection.port.is_some_and(|port| !(0..=65_535).contains(&port)) {
            return Err(Error::Invalid("the port of a connection is a number from 0 to 65535".into()));
        }
        let fields = [&connection.host, &connection.schema, &connection.login, &connection.password, &connection.extra];
        for text in fields.into_iter().chain([&connection.description]).flatten() {
            without_nul("the connection", text)?;
        }
        let secret = |text: &Option<String>| {
            text.as_ref().filter(|text| !text.is_empty()).map(|text| self.fernet().encrypt(text))
        };
        let (password, extra) = (secret(&connection.password), secret(&connection.extra));
        let is_encrypted = |secret: &Option<(String, bool)>| secret.as_ref().is_some_and(|(_, encrypted)| *encrypted);
        let (password_encrypted, extra_encrypted) = (is_encrypted(&password), is_encrypted(&extra));
        Ok(statement
            .bind(&connection.conn_id)
            .bind(&connection.conn_type)
            .bind(connection.description.as_ref())
            .bind(connection.host.as_ref())
            .bind(connection.schema.as_ref())
            .bind(connection.login.as_ref())
            .bind(password.map(|(text, _)| text))
            .bind(connection.port)
            .bind(extra.map(|(text, _)| text))
            .bind(password_encrypted)
            .bind(extra_encrypted)
            .bind(crate::now()))
    }

    fn clear_connection(&self, stored: Stored) -> Result<Connection, Error> {
        let what = format!("connection '{}'", stored.conn_id);
        let reveal =
            |text: Option<String>, encrypted: bool| text.map(|text| self.reveal(&what, text, encrypted)).transpose();
        Ok(Connection {
            password: reveal(stored.password, stored.is_encrypted)?,
            extra: reveal(stored.extra, stored.is_extra_encrypted)?,
            conn_id: stored.conn_id,
            conn_type: stored.conn_type,
            description: stored.description,
            host: stored.host,
            schema: stored.schema,
            login: stored.login,
            port: stored.port,
        })
    }
}
