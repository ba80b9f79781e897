//! How the queries of this folder run.

use super::query::{COUNT_LIMIT, Cursor, Cut, Filter, OrderBy};
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

    /// A page beyond a row: `from` has the table whose number is `tie`, the filter everything else.
    pub(crate) async fn cut<T: FromDb>(
        &self,
        from: &str,
        f: &Filter,
        order: &OrderBy,
        tie: &str,
        cursor: Cursor,
        limit: i64,
    ) -> Result<Cut<T>, Error> {
        let counted = format!("SELECT COUNT(*) FROM (SELECT 1{from}{} LIMIT {COUNT_LIMIT}) AS counted", f.text);
        let total = self.number(counted, &f.args).await?;
        let mut f = f.clone();
        let place = cursor.row.map(|row| f.bind(row.into()));
        let (beyond, sorted) = order.beyond(tie, from, place.as_deref(), cursor.backward);
        if let Some(beyond) = beyond {
            f.and(&beyond);
        }
        let most = f.bind((limit + 1).into());
        let text = format!("{}{from}{}{sorted} LIMIT {most}", select::<T>(), f.text);
        let mut rows = self.rows::<T>(text, &f.args).await?;
        let more = i64::try_from(rows.len()).is_ok_and(|rows| rows > limit);
        rows.truncate(usize::try_from(limit).unwrap_or_default());
        if cursor.backward {
            rows.reverse();
        }
        let (has_next, has_previous) = match cursor.backward {
            true => (true, more),
            false => (more, cursor.row.is_some()),
        };
        Ok(Cut { rows, total, has_next, has_previous })
    }
}
