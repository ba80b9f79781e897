//! `connection_get`: a connection with its secrets, for a try that is running.

use serde_json::json;
use tradewind_protocol::{TaskApiError, TaskReply};

use super::StoreTaskApi;
use super::error::{not_found, of_store};

impl StoreTaskApi {
    /// The connection, decrypted.
    pub(super) async fn connection_get(&self, conn_id: &str) -> Result<TaskReply, TaskApiError> {
        let found = self.store.connection(conn_id).await.map_err(of_store)?;
        let c = found.ok_or_else(|| not_found(format!("there is no connection '{conn_id}'")))?;
        Ok(json!({
            "conn_id": c.conn_id,
            "conn_type": c.conn_type,
            "description": c.description,
            "host": c.host,
            "schema": c.schema,
            "login": c.login,
            "password": c.password,
            "port": c.port,
            "extra": c.extra,
        }))
    }
}
