//! How the queries of this folder run.

use super::query::Filter;
use crate::db::sql;
use crate::row::FromDb;
use crate::sql::Bind;
use crate::{Error, Store};

/// `SELECT` and the columns of what is read.
pub(crate) fn select<T: FromDb>() -> String {
    format!("SELECT {}", T::COLUMNS.join(", "))
}

impl Store {
    /// An empty filter in this database's dialect.
    pub(crate) fn filter(&self) -> Filter {
        Filter::new(self.dialect())
    }

    /// All rows of a query.
    pub(crate) async fn rows<T: FromDb>(&self, text: String, args: &[Bind]) -> Result<Vec<T>, Error> {
        sql(text).bind_all(args.iter().cloned()).all(&mut self.db().reader().await?).await
    }

    /// The first row of a query.
    pub(crate) async fn first<T: FromDb>(&self, text: String, args: &[Bind]) -> Result<Option<T>, Error> {
        sql(text).bind_all(args.iter().cloned()).optional(&mut self.db().reader().await?).await
    }

    /// The number in a query's first row.
    pub(crate) async fn number(&self, text: String, args: &[Bind]) -> Result<i64, Error> {
        Ok(self.first::<(i64,)>(text, args).await?.map_or(0, |(n,)| n))
    }
}
