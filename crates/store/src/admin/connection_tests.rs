//! Tests of connections that a client asks for now and looks after later.

use tradewind_core::{Duration, Timestamp};

use crate::row::row;
use crate::sql::Statement;
use crate::{Error, Store};

row! {
    /// A test of a connection.
    pub struct ConnectionTest {
        /// Known to who asked for it only.
        pub token: String = "t.token",
        /// The connection.
        pub conn_id: String = "t.conn_id",
        /// `pending`, `running`, `success`, `failed`
        pub state: String = "t.state",
        /// What the hook said.
        pub result_message: Option<String> = "t.result_message",
        /// When it was asked for.
        pub created_at: Timestamp = "t.created_at",
    }
}

/// Results are kept so long.
const KEPT: Duration = Duration::from_secs(86_400);
/// A test that has not ended by then never will: its api-server is gone.
const LONGEST: Duration = Duration::from_secs(300);

static ACTIVE: Statement = Statement::new(
    "SELECT COUNT(*) FROM connection_test WHERE conn_id = $1 AND state IN ('pending', 'running') AND created_at > $2",
);
static ADD: Statement =
    Statement::new("INSERT INTO connection_test (token, conn_id, state, created_at) VALUES ($1, $2, 'pending', $3)");
static FORGET: Statement = Statement::new("DELETE FROM connection_test WHERE created_at < $1");
static END: Statement = Statement::new("UPDATE connection_test SET state = $2, result_message = $3 WHERE token = $1");
static GET: Statement =
    Statement::new("SELECT {columns} FROM connection_test AS t WHERE t.token = $1").reads::<ConnectionTest>();

impl Store {
    /// Notes a test that begins.
    ///
    /// # Errors
    /// [`Error::Exists`] while another one of the same connection is under way; those of the database.
    pub async fn add_connection_test(&self, token: &str, conn_id: &str, now: Timestamp) -> Result<(), Error> {
        let mut tx = self.begin().await?;
        FORGET.bind(now - KEPT).run(&mut tx).await?;
        let (active,) = ACTIVE.bind(conn_id).bind(now - LONGEST).one::<(i64,)>(&mut tx).await?;
        if active > 0 {
            return Err(Error::Exists(format!("connection '{conn_id}' is being tested already")));
        }
        ADD.bind(token).bind(conn_id).bind(now).run(&mut tx).await?;
        tx.commit().await
    }

    /// Notes how a test ended.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn end_connection_test(&self, token: &str, passed: bool, message: &str) -> Result<(), Error> {
        let mut tx = self.begin().await?;
        END.bind(token).bind(if passed { "success" } else { "failed" }).bind(message).run(&mut tx).await?;
        tx.commit().await
    }

    /// A test by its token.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn connection_test(&self, token: &str) -> Result<Option<ConnectionTest>, Error> {
        GET.bind(token).optional(&mut self.db().reader().await?).await
    }
}
