//! The DAGs that users look at most, as they say themselves.

use crate::sql::Statement;
use crate::{Error, Store};

static ADD: Statement =
    Statement::new("INSERT INTO dag_favorite (dag_id, username) VALUES ($1, $2) ON CONFLICT DO NOTHING");
static REMOVE: Statement = Statement::new("DELETE FROM dag_favorite WHERE dag_id = $1 AND username = $2");
static IS: Statement = Statement::new("SELECT COUNT(*) FROM dag_favorite WHERE dag_id = $1 AND username = $2");

impl Store {
    /// Makes a DAG one of a user's favourites; answers whether it was none before.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn add_favorite(&self, dag_id: &str, username: &str) -> Result<bool, Error> {
        let mut tx = self.begin().await?;
        let added = ADD.bind(dag_id).bind(username).run(&mut tx).await? > 0;
        tx.commit().await?;
        Ok(added)
    }

    /// Takes a DAG from a user's favourites; answers whether it was one.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn remove_favorite(&self, dag_id: &str, username: &str) -> Result<bool, Error> {
        let mut tx = self.begin().await?;
        let removed = REMOVE.bind(dag_id).bind(username).run(&mut tx).await? > 0;
        tx.commit().await?;
        Ok(removed)
    }

    /// Whether a DAG is one of a user's favourites.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn is_favorite(&self, dag_id: &str, username: &str) -> Result<bool, Error> {
        let (count,) = IS.bind(dag_id).bind(username).one::<(i64,)>(&mut self.db().reader().await?).await?;
        Ok(count > 0)
    }
}
