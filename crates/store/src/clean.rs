//! Old rows: deleting them, keeping them aside in archive tables, and reading those.

use serde_json::Value;
use tradewind_core::Timestamp;

use crate::db::{Connected, Writing, sql};
use crate::sql::{Bind, Dialect, Statement, expand, ids, names};
use crate::{Error, Store, Topic};

/// A table whose old rows may go.
#[derive(Debug)]
struct Target {
    name: &'static str,
    /// Airflow's name, where it is another.
    alias: &'static str,
    /// What tells its rows apart (rows of one key go together).
    key: &'static str,
    /// When a row may go; `$1` is the instant. Nothing that is still at work may.
    when: &'static str,
    /// Column with the DAG's id; empty: none.
    dag_id: &'static str,
    /// Tables whose rows go along, with the column that refers to the key.
    along: &'static [(&'static str, &'static str)],
}

/// Of a run that is over, unless it is the newest that the schedule made: the next one is worked out from that.
const OLD_RUN: &str = "t.start_date < $1 AND t.state IN ('success', 'failed') AND (t.run_type = 'manual' OR EXISTS (
    SELECT 1 FROM dag_run AS m WHERE m.dag_id = t.dag_id AND m.run_type <> 'manual'
        AND (m.run_after > t.run_after OR (m.run_after = t.run_after AND m.id > t.id))))";

const TARGETS: &[Target] = &[
    Target {
        name: "xcom",
        alias: "xcom",
        key: "run_key",
        when: "EXISTS (SELECT 1 FROM dag_run AS r WHERE r.id = t.run_key AND r.end_date < $1
            AND r.state IN ('success', 'failed'))",
        dag_id: "t.dag_id",
        along: &[],
    },
    Target {
        name: "deadline",
        alias: "deadline",
        key: "id",
        when: "t.due_at < $1 AND (t.missed OR EXISTS (
            SELECT 1 FROM dag_run AS r WHERE r.id = t.run_key AND r.state IN ('success', 'failed')))",
        dag_id: "t.dag_id",
        along: &[],
    },
    Target {
        name: "dag_run",
        alias: "dag_run",
        key: "id",
        when: OLD_RUN,
        dag_id: "t.dag_id",
        along: &[("task_instance", "run_key"), ("xcom", "run_key"), ("deadline", "run_key")],
    },
    Target {
        name: "dag_version",
        alias: "dag_version",
        key: "id",
        when: "t.created_at < $1
            AND NOT EXISTS (SELECT 1 FROM dag AS d WHERE d.latest_version_id = t.id)
            AND NOT EXISTS (SELECT 1 FROM dag_run AS r WHERE r.dag_version_id = t.id)
            AND NOT EXISTS (SELECT 1 FROM task_instance AS i WHERE i.dag_version_id = t.id)
            AND NOT EXISTS (SELECT 1 FROM task_try AS y WHERE y.dag_version_id = t.id)",
        dag_id: "t.dag_id",
        along: &[],
    },
    Target {
        name: "asset_event",
        alias: "dataset_event",
        key: "id",
        when: "t.at < $1 AND NOT EXISTS (SELECT 1 FROM asset_queue AS q WHERE q.event_id = t.id)",
        dag_id: "t.source_dag_id",
        along: &[],
    },
    Target { name: "event_log", alias: "log", key: "id", when: "t.at < $1", dag_id: "t.dag_id", along: &[] },
    Target { name: "import_error", alias: "import_error", key: "id", when: "t.at < $1", dag_id: "", along: &[] },
    Target {
        name: "job",
        alias: "job",
        key: "id",
        when: "t.heartbeat_at < $1 AND t.state = 'ended'
            AND NOT EXISTS (SELECT 1 FROM dag_run AS r WHERE r.owner = t.id AND r.state IN ('queued', 'running'))",
        dag_id: "",
        along: &[],
    },
];

/// What archive tables are called: this, the table's name, `__` and the time.
const ARCHIVE: &str = "_airflow_deleted__";

/// Which rows.
#[derive(Clone, Debug, Default)]
pub struct CleanFilter {
    /// Older than this.
    pub before: Timestamp,
    /// Only of these DAGs; none: any.
    pub dag_ids: Vec<String>,
    /// Not of these DAGs.
    pub not_dag_ids: Vec<String>,
}

static ARCHIVES: Statement = Statement::new(
    "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name -- sqlite
     SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename -- pg",
);
static COLUMNS: Statement = Statement::new(
    "SELECT name FROM pragma_table_info($1) ORDER BY cid -- sqlite
     SELECT column_name::text FROM information_schema.columns -- pg
     WHERE table_schema = current_schema() AND table_name = $1 ORDER BY ordinal_position -- pg",
);

impl Target {
    fn find(name: &str) -> Result<&'static Self, Error> {
        TARGETS
            .iter()
            .find(|target| target.name == name || target.alias == name)
            .ok_or_else(|| Error::Invalid(format!("no rows of a table '{name}' are ever deleted for their age")))
    }

    /// `FROM … WHERE …` and its arguments.
    fn selection(&self, by: &CleanFilter, dialect: Dialect) -> (String, Vec<Bind>) {
        let mut text = format!("FROM {} AS t WHERE {}", self.name, self.when);
        let mut binds: Vec<Bind> = vec![by.before.into()];
        if !by.dag_ids.is_empty() {
            binds.push(names(&by.dag_ids));
            text.push_str(&format!(" AND {} IN {{names:{}}}", self.dag_id, binds.len()));
        }
        if !by.not_dag_ids.is_empty() {
            binds.push(names(&by.not_dag_ids));
            text.push_str(&format!(" AND ({0} IS NULL OR {0} NOT IN {{names:{1}}})", self.dag_id, binds.len()));
        }
        (expand(&text, dialect, &[], None), binds)
    }

    /// Tables that lose rows, those that refer to others first.
    fn all(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.along.iter().copied().chain([(self.name, self.key)])
    }
}

impl Store {
    /// Names of the tables that [`Store::clean`] takes, in the order in which they should be cleaned.
    pub fn cleanable() -> impl Iterator<Item = &'static str> {
        TARGETS.iter().map(|target| target.name)
    }

    /// The table of that name, which may be Airflow's, and whether its rows belong to DAGs.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there is none.
    pub fn cleanable_named(name: &str) -> Result<(&'static str, bool), Error> {
        Target::find(name).map(|target| (target.name, !target.dag_id.is_empty()))
    }

    /// How many rows of a table would go.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn count_old(&self, table: &str, by: &CleanFilter) -> Result<i64, Error> {
        let (selection, binds) = Target::find(table)?.selection(by, self.dialect());
        let query = sql(format!("SELECT COUNT(*) {selection}")).bind_all(binds);
        let (count,) = query.one::<(i64,)>(&mut self.db().reader().await?).await?;
        Ok(count)
    }

    /// Deletes old rows of a table, `batch` keys at a time, each in a transaction of its own, until there are none or
    /// `going_on` answers false to the rows deleted so far. With `archive` (a suffix such as a date) they are kept in
    /// archive tables. Answers the rows deleted, without those that went along.
    ///
    /// # Errors
    /// Those of the database; what was deleted before stays deleted.
    pub async fn clean(
        &self,
        table: &str,
        by: &CleanFilter,
        batch: Option<u32>,
        archive: Option<&str>,
        mut going_on: impl FnMut(u64) -> bool,
    ) -> Result<u64, Error> {
        let target = Target::find(table)?;
        let (selection, binds) = target.selection(by, self.dialect());
        let limit = batch.map_or_else(String::new, |batch| format!(" LIMIT {batch}"));
        let keys = format!("SELECT DISTINCT t.{} {selection} ORDER BY 1{limit}", target.key);
        let mut deleted = 0;
        loop {
            let mut tx = self.begin().await?;
            let found = sql(keys.as_str()).bind_all(binds.clone()).all::<(i64,)>(&mut tx).await?;
            if found.is_empty() {
                return Ok(deleted);
            }
            let found = ids(found.into_iter().map(|(key,)| key));
            for (name, column) in target.all() {
                let these = expand(&format!("{column} IN {{ids}}"), self.dialect(), &[], None);
                if let Some(suffix) = archive {
                    let aside = format!("{ARCHIVE}{name}__{suffix}");
                    let make = format!("CREATE TABLE IF NOT EXISTS {aside} AS SELECT * FROM {name} WHERE 1 = 0");
                    sql(make).run(&mut tx).await?;
                    let keep = format!("INSERT INTO {aside} SELECT * FROM {name} WHERE {these}");
                    sql(keep).bind(found.clone()).run(&mut tx).await?;
                }
                let gone = sql(format!("DELETE FROM {name} WHERE {these}")).bind(found.clone()).run(&mut tx).await?;
                if name == target.name {
                    deleted += gone;
                }
            }
            tx.notify(Topic::Ui);
            tx.commit().await?;
            if batch.is_none() || !going_on(deleted) {
                return Ok(deleted);
            }
        }
    }

    /// Names of the archive tables: of all, or of some tables.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn archives(&self, of: &[String]) -> Result<Vec<String>, Error> {
        let all = ARCHIVES.query().all::<(String,)>(&mut self.db().reader().await?).await?;
        let fits = |name: &str| {
            let Some(rest) = name.strip_prefix(ARCHIVE) else { return false };
            let base = rest.rsplit_once("__").map_or(rest, |(base, _)| base);
            of.is_empty() || of.iter().any(|o| Target::find(o).map_or(o.as_str(), |target| target.name) == base)
        };
        Ok(all.into_iter().map(|(name,)| name).filter(|name| fits(name)).collect())
    }

    /// Columns of an archive table.
    ///
    /// # Errors
    /// [`Error::Invalid`] if it is none; those of the database.
    pub async fn archive_columns(&self, archive: &str) -> Result<Vec<String>, Error> {
        self.must_be_archive(archive).await?;
        let columns = COLUMNS.bind(archive).all::<(String,)>(&mut self.db().reader().await?).await?;
        Ok(columns.into_iter().map(|(name,)| name).collect())
    }

    /// Some rows of an archive table, each with the values of its columns.
    ///
    /// # Errors
    /// [`Error::Invalid`] if it is none; those of the database.
    pub async fn archive_rows(&self, archive: &str, offset: u64, limit: u32) -> Result<Vec<Vec<Value>>, Error> {
        let columns = self.archive_columns(archive).await?.join(", ");
        let (array, order) = match self.dialect() {
            Dialect::Sqlite => (format!("json_array({columns})"), "rowid"),
            Dialect::Postgres => (format!("json_build_array({columns})::text"), "ctid"),
        };
        let text = format!("SELECT {array} FROM {archive} ORDER BY {order} LIMIT {limit} OFFSET {offset}");
        let rows = sql(text).all::<(String,)>(&mut self.db().reader().await?).await?;
        let read = |(text,): (String,)| serde_json::from_str(&text).map_err(|error| Error::Corrupt(error.to_string()));
        rows.into_iter().map(read).collect()
    }

    /// Drops an archive table.
    ///
    /// # Errors
    /// [`Error::Invalid`] if it is none; those of the database.
    pub async fn drop_archive(&self, archive: &str) -> Result<(), Error> {
        self.must_be_archive(archive).await?;
        let mut tx: Writing = self.db().write().await?;
        drop_table(&mut tx, archive).await?;
        tx.commit().await
    }

    /// Its name becomes part of a statement.
    async fn must_be_archive(&self, name: &str) -> Result<(), Error> {
        match self.archives(&[]).await?.iter().any(|archive| archive == name) {
            true => Ok(()),
            false => Err(Error::Invalid(format!("there is no archive table '{name}'"))),
        }
    }
}

async fn drop_table(on: &mut impl Connected, name: &str) -> Result<(), Error> {
    sql(format!("DROP TABLE {name}")).run(on).await?;
    Ok(())
}
