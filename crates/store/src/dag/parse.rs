//! What the dag-processor found: files, their DAGs and errors.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;
use tradewind_core::{RunType, Timestamp};

use crate::row::row;
use crate::sql::{Batch, Rows, Statement, names};
use crate::{AssetUse, Error, Store, Topic, Tx};

/// The outcome of parsing one file.
#[derive(Clone, Debug)]
pub struct FileResult {
    /// Bundle that has the file.
    pub bundle_name: String,
    /// The file, relative to the bundle's root.
    pub relative_fileloc: String,
    /// The file, absolute.
    pub fileloc: String,
    /// Tells whether the file or what it imports has changed.
    pub content_hash: String,
    /// Other files that it imports.
    pub modules: Vec<String>,
    /// Its text.
    pub source: String,
    /// How long it took.
    pub parse_ms: i64,
    /// DAGs that are right.
    pub dags: Vec<ParsedDag>,
    /// What is wrong. The file's other DAGs, from earlier parses, then stay as they are.
    pub import_error: Option<StoredImportError>,
    /// When.
    pub parsed_at: Timestamp,
}

/// A DAG of a [`FileResult`].
#[derive(Clone, Debug)]
pub struct ParsedDag {
    /// Its id.
    pub dag_id: String,
    /// Another one than before makes a new version.
    pub hash: String,
    /// The serialized DAG: JSON.
    pub data: String,
    /// Sorted.
    pub owners: Vec<String>,
    /// Sorted.
    pub tags: Vec<String>,
    /// Shown instead of the id.
    pub display_name: Option<String>,
    /// One line.
    pub description: Option<String>,
    /// A `core::timetable::TimetableSpec`.
    pub timetable: Value,
    /// A few characters.
    pub timetable_summary: String,
    /// In words.
    pub timetable_description: String,
    /// First logical date.
    pub start_date: Option<Timestamp>,
    /// Last logical date.
    pub end_date: Option<Timestamp>,
    /// Create the runs that were missed.
    pub catchup: bool,
    /// Runs at once.
    pub max_active_runs: u32,
    /// Task instances of a run at once.
    pub max_active_tasks: u32,
    /// 0: never pause by itself.
    pub max_consecutive_failed_dag_runs: u32,
    /// What it says about assets.
    pub assets: Vec<AssetUse>,
    /// Its schedule waits for partitions of assets.
    pub is_partitioned: bool,
    /// Types of runs that the DAG may have; `None`: all.
    pub allowed_run_types: Option<Vec<RunType>>,
    /// Whether a DAG that was never seen before begins paused.
    pub paused_upon_creation: bool,
    /// The commit that runs which begin now stay with, if its bundle has versions and the DAG wants them.
    pub bundle_version: Option<String>,
}

/// What is wrong with a file.
#[derive(Clone, Debug)]
pub struct StoredImportError {
    /// One line.
    pub message: String,
    /// Line of the file.
    pub line: Option<i64>,
    /// Python's words.
    pub traceback: String,
}

/// What [`Store::apply_parse`] changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ParseReport {
    /// DAGs that were never seen, or were gone.
    pub new: Vec<String>,
    /// DAGs with a new version, new ones included.
    pub changed: Vec<String>,
    /// DAGs that the file had and has no more.
    pub gone: Vec<String>,
}

row! {
    /// A file as it was parsed last.
    pub struct DagFileRow {
        /// The file, relative to the bundle's root.
        pub relative_fileloc: String,
        /// See [`FileResult::content_hash`].
        pub content_hash: String,
        /// See [`FileResult::modules`].
        pub modules: Vec<String>,
        /// When.
        pub last_parsed_at: Timestamp,
        /// How long it took.
        pub parse_ms: i64,
        /// DAGs that it has.
        pub dag_count: i32,
        /// It had an import error.
        pub had_error: bool = "EXISTS (SELECT 1 FROM import_error AS e WHERE e.bundle_name = dag_file.bundle_name AND e.relative_fileloc = dag_file.relative_fileloc AND e.source = 'file')",
    }
}

const DAGS: Batch = Batch(&[
    ("dag_id", "text"),
    ("display_name", "text"),
    ("is_paused", "boolean"),
    ("description", "text"),
    ("owners", "text"),
    ("timetable", "text"),
    ("timetable_summary", "text"),
    ("timetable_description", "text"),
    ("start_date", "bigint"),
    ("end_date", "bigint"),
    ("catchup", "boolean"),
    ("max_active_runs", "integer"),
    ("max_active_tasks", "integer"),
    ("max_failed", "integer"),
    ("allowed_run_types", "text"),
    ("bundle_version", "text"),
]);
static UPSERT_DAGS: Statement = Statement::new(include_str!("upsert_dags.sql")).rows(DAGS);

const VERSIONS: Batch = Batch(&[("dag_id", "text"), ("hash", "text"), ("data", "text"), ("bundle_version", "text")]);
/// Only where the hash is another one than the newest version's.
static ADD_VERSIONS: Statement = Statement::new(include_str!("add_versions.sql")).rows(VERSIONS);
/// The same structure in another text: the source page shows the text as it is now.
static REFRESH_SOURCE: Statement = Statement::new(
    "UPDATE dag_version SET source = $2, data = w.data FROM {rows} AS w, dag AS d
     WHERE d.dag_id = w.dag_id AND dag_version.id = d.latest_version_id AND dag_version.hash = w.hash
        AND dag_version.source <> $2",
)
.rows(VERSIONS);

const LATEST: Batch = Batch(&[("dag_id", "text"), ("version_id", "bigint")]);
static SET_LATEST: Statement =
    Statement::new("UPDATE dag SET latest_version_id = w.version_id FROM {rows} AS w WHERE dag.dag_id = w.dag_id")
        .rows(LATEST);

const TAGS: Batch = Batch(&[("dag_id", "text"), ("name", "text")]);
static KNOWN_TAGS: Statement =
    Statement::new("SELECT dag_id, name FROM dag_tag WHERE dag_id IN {names} ORDER BY dag_id, name");
static DROP_TAGS: Statement = Statement::new("DELETE FROM dag_tag WHERE dag_id IN {names}");
static ADD_TAGS: Statement = Statement::new(
    "INSERT INTO dag_tag (dag_id, name) SELECT dag_id, name FROM {rows} AS w WHERE TRUE ON CONFLICT DO NOTHING",
)
.rows(TAGS);

static KNOWN_DAGS: Statement = Statement::new("SELECT dag_id FROM dag WHERE NOT is_stale AND dag_id IN {names}");
static STALE_REST: Statement = Statement::new(
    "UPDATE dag SET is_stale = TRUE, updated_at = $4
     WHERE bundle_name = $2 AND relative_fileloc = $3 AND NOT is_stale AND dag_id NOT IN {names}
     RETURNING dag_id",
);
static MARK_ERRORS: Statement = Statement::new(
    "UPDATE dag SET has_import_errors = $3 WHERE bundle_name = $1 AND relative_fileloc = $2 AND has_import_errors <> $3",
);
static CLEAR_ERROR: Statement =
    Statement::new("DELETE FROM import_error WHERE bundle_name = $1 AND relative_fileloc = $2 AND source = 'file'");
static SET_ERROR: Statement = Statement::new(
    "INSERT INTO import_error (bundle_name, relative_fileloc, fileloc, at, message, line, traceback, source)
     VALUES ($1, $2, $3, $4, $5, $6, $7, 'file')
     ON CONFLICT (bundle_name, relative_fileloc) DO UPDATE SET fileloc = excluded.fileloc, at = excluded.at,
        message = excluded.message, line = excluded.line, traceback = excluded.traceback, source = excluded.source",
);
static SET_FILE: Statement = Statement::new(
    "INSERT INTO dag_file (bundle_name, relative_fileloc, content_hash, modules, last_parsed_at, parse_ms, dag_count)
     VALUES ($1, $2, $3, $4, $5, $6, $7)
     ON CONFLICT (bundle_name, relative_fileloc) DO UPDATE SET content_hash = excluded.content_hash,
        modules = excluded.modules, last_parsed_at = excluded.last_parsed_at, parse_ms = excluded.parse_ms,
        dag_count = excluded.dag_count",
);

static FILES: Statement =
    Statement::new("SELECT {columns} FROM dag_file WHERE bundle_name = $1 ORDER BY relative_fileloc")
        .reads::<DagFileRow>();
static GONE_FILES: Statement =
    Statement::new("DELETE FROM dag_file WHERE bundle_name = $2 AND relative_fileloc NOT IN {names}");
static GONE_ERRORS: Statement =
    Statement::new("DELETE FROM import_error WHERE bundle_name = $2 AND relative_fileloc NOT IN {names}");
static GONE_DAGS: Statement = Statement::new(
    "UPDATE dag SET is_stale = TRUE, has_import_errors = FALSE, updated_at = $3
     WHERE bundle_name = $2 AND NOT is_stale AND relative_fileloc NOT IN {names}
     RETURNING dag_id",
);

impl Store {
    /// Stores what parsing a file brought. A DAG gets a new version only if its hash changed.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn apply_parse(&self, file: FileResult) -> Result<ParseReport, Error> {
        Ok(self.apply_parses(&[file]).await?.remove(0))
    }

    /// [`Store::apply_parse`] for many files in one transaction; answers in the same order.
    ///
    /// # Errors
    /// Those of the database; nothing of any file is stored then.
    pub async fn apply_parses(&self, files: &[FileResult]) -> Result<Vec<ParseReport>, Error> {
        let mut tx = self.begin().await?;
        let mut reports = Vec::with_capacity(files.len());
        for file in files {
            reports.push(tx.apply_parse(file).await?);
        }
        tx.notify(Topic::Ui);
        if reports.iter().any(|report| !report.new.is_empty() || !report.changed.is_empty() || !report.gone.is_empty())
        {
            tx.notify(Topic::Dags);
            tx.settle_watchers(crate::now()).await?;
        }
        tx.commit().await?;
        Ok(reports)
    }

    /// Forgets files of a bundle that are not there any more; answers the DAGs that went with them. Their runs stay.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn deactivate_missing(
        &self,
        bundle_name: &str,
        present: impl IntoIterator<Item = impl AsRef<str>>,
        now: Timestamp,
    ) -> Result<Vec<String>, Error> {
        let present = names(present);
        let mut tx = self.begin().await?;
        GONE_FILES.bind(present.clone()).bind(bundle_name).run(&mut tx).await?;
        let errors = GONE_ERRORS.bind(present.clone()).bind(bundle_name).run(&mut tx).await?;
        let gone = GONE_DAGS.bind(present).bind(bundle_name).bind(now).all::<(String,)>(&mut tx).await?;
        if !gone.is_empty() {
            tx.notify(Topic::Dags);
            tx.settle_watchers(now).await?;
        }
        if errors > 0 || !gone.is_empty() {
            tx.notify(Topic::Ui);
        }
        tx.commit().await?;
        Ok(gone.into_iter().map(|(dag_id,)| dag_id).collect())
    }

    /// Files of a bundle as they were parsed last.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn dag_files(&self, bundle_name: &str) -> Result<Vec<DagFileRow>, Error> {
        FILES.bind(bundle_name).all(&mut self.db().reader().await?).await
    }
}

impl Tx {
    async fn apply_parse(&mut self, file: &FileResult) -> Result<ParseReport, Error> {
        let mut report = ParseReport::default();
        let dag_ids = || names(file.dags.iter().map(|dag| &dag.dag_id));
        if !file.dags.is_empty() {
            let known = KNOWN_DAGS.bind(dag_ids()).all::<(String,)>(self).await?;
            let known: BTreeSet<String> = known.into_iter().map(|(dag_id,)| dag_id).collect();
            report.new =
                file.dags.iter().map(|dag| dag.dag_id.clone()).filter(|dag_id| !known.contains(dag_id)).collect();
            self.store_dags(file, &mut report).await?;
            let dropped = self.keep_external(&file.dags).await?;
            if dropped {
                self.drop_timetable_errors(&file.bundle_name).await?;
            }
            self.store_tags(file).await?;
            self.store_asset_references(file).await?;
        }
        match &file.import_error {
            None => {
                let gone = STALE_REST
                    .bind(dag_ids())
                    .bind(&file.bundle_name)
                    .bind(&file.relative_fileloc)
                    .bind(file.parsed_at)
                    .all::<(String,)>(self)
                    .await?;
                report.gone = gone.into_iter().map(|(dag_id,)| dag_id).collect();
                if !report.gone.is_empty() {
                    self.drop_timetable_errors(&file.bundle_name).await?;
                }
                CLEAR_ERROR.bind(&file.bundle_name).bind(&file.relative_fileloc).run(self).await?;
            }
            Some(error) => {
                let clean = |text: &str| text.replace('\0', "\u{fffd}");
                SET_ERROR
                    .bind(&file.bundle_name)
                    .bind(&file.relative_fileloc)
                    .bind(&file.fileloc)
                    .bind(file.parsed_at)
                    .bind(clean(&error.message))
                    .bind(error.line)
                    .bind(clean(&error.traceback))
                    .run(self)
                    .await?;
            }
        }
        MARK_ERRORS
            .bind(&file.bundle_name)
            .bind(&file.relative_fileloc)
            .bind(file.import_error.is_some())
            .run(self)
            .await?;
        SET_FILE
            .bind(&file.bundle_name)
            .bind(&file.relative_fileloc)
            .bind(&file.content_hash)
            .bind(Value::from(file.modules.clone()).to_string())
            .bind(file.parsed_at)
            .bind(file.parse_ms)
            .bind(i64::try_from(file.dags.len()).unwrap_or(i64::MAX))
            .run(self)
            .await?;
        Ok(report)
    }

    async fn store_dags(&mut self, file: &FileResult, report: &mut ParseReport) -> Result<(), Error> {
        let mut dags = Rows::new(DAGS);
        for dag in &file.dags {
            dags.push([
                (&dag.dag_id).into(),
                dag.display_name.as_ref().into(),
                dag.paused_upon_creation.into(),
                dag.description.as_ref().into(),
                Value::from(dag.owners.clone()).to_string().into(),
                dag.timetable.to_string().into(),
                (&dag.timetable_summary).into(),
                (&dag.timetable_description).into(),
                dag.start_date.into(),
                dag.end_date.into(),
                dag.catchup.into(),
                dag.max_active_runs.into(),
                dag.max_active_tasks.into(),
                dag.max_consecutive_failed_dag_runs.into(),
                dag.allowed_run_types
                    .as_ref()
                    .map(|types| Value::from_iter(types.iter().map(|t| t.as_str())).to_string())
                    .into(),
                dag.bundle_version.as_ref().into(),
            ]);
        }
        UPSERT_DAGS
            .bind(dags)
            .bind(&file.bundle_name)
            .bind(&file.relative_fileloc)
            .bind(&file.fileloc)
            .bind(file.parsed_at)
            .bind(file.parse_ms)
            .run(self)
            .await?;
        let versions = || {
            let mut versions = Rows::new(VERSIONS);
            for dag in &file.dags {
                versions.push([
                    (&dag.dag_id).into(),
                    (&dag.hash).into(),
                    (&dag.data).into(),
                    dag.bundle_version.as_ref().into(),
                ]);
            }
            versions
        };
        let source = file.source.replace('\0', "\u{fffd}");
        let added = ADD_VERSIONS
            .bind(versions())
            .bind(&file.bundle_name)
            .bind(file.parsed_at)
            .bind(&source)
            .all::<(i64, String)>(self)
            .await?;
        if added.len() < file.dags.len() {
            REFRESH_SOURCE.bind(versions()).bind(source).run(self).await?;
        }
        if !added.is_empty() {
            let mut latest = Rows::new(LATEST);
            for (version_id, dag_id) in &added {
                latest.push([dag_id.into(), (*version_id).into()]);
            }
            SET_LATEST.bind(latest).run(self).await?;
        }
        report.changed = added.into_iter().map(|(_, dag_id)| dag_id).collect();
        let says = |dag: &&ParsedDag| report.changed.contains(&dag.dag_id) || dag.data.contains("\"access_control\"");
        let access = file.dags.iter().filter(says).map(|dag| (&dag.dag_id, dag.data.as_str()));
        crate::admin::keep_dag_access(self, access).await
    }

    /// Tags seldom change; then they are left alone.
    async fn store_tags(&mut self, file: &FileResult) -> Result<(), Error> {
        let mut known: HashMap<String, BTreeSet<String>> = HashMap::new();
        let rows =
            KNOWN_TAGS.bind(names(file.dags.iter().map(|dag| &dag.dag_id))).all::<(String, String)>(self).await?;
        for (dag_id, name) in rows {
            known.entry(dag_id).or_default().insert(name);
        }
        let mut tags = Rows::new(TAGS);
        let mut changed = Vec::new();
        for dag in &file.dags {
            let wanted: BTreeSet<String> = dag.tags.iter().cloned().collect();
            if wanted != known.remove(&dag.dag_id).unwrap_or_default() {
                changed.push(&dag.dag_id);
                for name in wanted {
                    tags.push([(&dag.dag_id).into(), name.into()]);
                }
            }
        }
        if !changed.is_empty() {
            DROP_TAGS.bind(names(changed)).run(self).await?;
        }
        if tags.len() > 0 {
            ADD_TAGS.bind(tags).run(self).await?;
        }
        Ok(())
    }
}
