//! The database: statements, migrations, snapshots, guarded writes. The only crate with SQL.

mod address;
mod admin;
mod airflow;
mod assets;
mod callbacks;
mod change;
mod clean;
mod cluster;
mod dag;
mod db;
mod error;
mod fernet;
mod jobs;
mod lock;
mod migrate;
mod models;
mod notifier;
mod open;
mod planning;
pub mod read;
mod row;
mod runs;
mod sql;
mod state_store;
mod tries;
mod tx;
mod visible;
mod waiting;
mod watch;
mod xcom;

use std::sync::{Arc, Once};

use tradewind_core::Timestamp;

pub use admin::{Connection, ConnectionTest, NewEvent, Permission, Pool, Rotated, User, UserHistory, Variable};
pub use airflow::{
    AirflowSource, ExportOptions, ImportKind, ImportOptions, KindReport, RoleWords, Skipped, Unfinished,
    export_airflow, import_airflow,
};
pub use assets::{
    AssetConsumerRow, AssetEventSource, AssetRunOutcome, AssetUse, AssetUseKind, EventRun, NewAssetEvent,
};
pub use callbacks::{CallbackEnd, ClaimedCallback, DeadlineAnswer, DeadlineReport, RunEnd};
pub use change::{
    BackfillChange, BackfillOutcome, ClearOutcome, ClearTis, NewBackfill, NewBackfillRun, RunStateOutcome,
    TriggerOutcome,
};
pub use clean::CleanFilter;
pub use cluster::{PODS_KEPT, PodRow};
pub use dag::{
    AskError, DagFileRow, DagScheduleRow, DagVersionRow, ExternalDag, FileResult, OpenQuestion, ParseReport, ParsedDag,
    PythonQuestion, StoredImportError, TimetableAnswer, TimetableQuestion, external_in,
};
pub use error::Error;
pub use fernet::Fernet;
pub use jobs::JobRow;
pub use migrate::MigrateReport;
pub use models::{CreateOutcome, InboxRow, NewRun, NewTi, PoolSize, RunRow, RunWrite, TiRow, TiWrite, Usage, UsageRow};
pub use notifier::{Listener, Notifier, Topic};
pub use open::StoreOptions;
pub use planning::{BackfillLimit, DagStatus, PreviousRun, RunningRuns, RunningTry, TaskOutcome};
pub use sql::Dialect;
pub use state_store::{AssetStateRow, AssetWriter, TaskScope, TaskStateRow};
pub use tries::{FinishOutcome, FinishTry, StartOutcome, StartTry};
pub use tx::{TiDefinition, Tx};
pub use visible::{Visible, seeing};
pub use waiting::{
    Answer, DueTrigger, ExternalTrigger, Firing, HitlDetail, HitlFilter, LeasedTrigger, Question, TriggerOwner,
};
pub use xcom::XComKey;

use crate::callbacks::AlertCache;
use crate::db::Db;
use crate::read::Totals;
use crate::tries::TryActor;

/// An open database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    db: Arc<Db>,
    notifier: Notifier,
    /// Whether other processes are listened to: not before somebody here waits, which most commands never do.
    watching: Arc<Once>,
    fernet: Fernet,
    tries: TryActor,
    alerts: AlertCache,
    totals: Totals,
    tries_forget_xcoms: bool,
}

impl Store {
    /// Opens the database at that address: `postgresql://…` or `sqlite:////path`, in every usual spelling.
    ///
    /// # Errors
    /// [`Error::Address`], [`Error::Unreachable`] or [`Error::InUse`], each with a text for the person who set it up.
    pub async fn open(url: &str, options: StoreOptions) -> Result<Self, Error> {
        let fernet = Fernet::new(&options.fernet_key)?;
        let db = Arc::new(open::open(url, &options).await?);
        Ok(Self {
            inner: Arc::new(Inner {
                db,
                notifier: Notifier::new(),
                watching: Arc::new(Once::new()),
                fernet,
                tries: TryActor::default(),
                alerts: AlertCache::default(),
                totals: Totals::default(),
                tries_forget_xcoms: options.tries_forget_xcoms,
            }),
        })
    }

    /// Closes all connections. Whoever still uses the store gets errors.
    pub async fn close(&self) {
        self.inner.db.close().await;
    }

    /// Which database it is.
    pub fn dialect(&self) -> Dialect {
        self.inner.db.dialect()
    }

    /// Wakes and waits. The first call begins to listen to other processes, so it must be within the runtime.
    pub fn notifier(&self) -> &Notifier {
        let Inner { db, notifier, watching, .. } = &*self.inner;
        watching.call_once(|| watch::watch(db, notifier.clone()));
        notifier
    }

    /// Only wakes.
    pub(crate) fn waker(&self) -> &Notifier {
        &self.inner.notifier
    }

    /// The same database, for the actor itself.
    pub(crate) fn without_actor(&self) -> Self {
        let Inner { db, notifier, watching, fernet, alerts, totals, tries_forget_xcoms, .. } = &*self.inner;
        let tries_forget_xcoms = *tries_forget_xcoms;
        let (db, notifier, fernet) = (Arc::clone(db), notifier.clone(), fernet.clone());
        let (alerts, totals, tries) = (alerts.clone(), totals.clone(), TryActor::default());
        let watching = Arc::clone(watching);
        Self { inner: Arc::new(Inner { db, notifier, watching, fernet, tries, alerts, totals, tries_forget_xcoms }) }
    }

    pub(crate) fn tries_forget_xcoms(&self) -> bool {
        self.inner.tries_forget_xcoms
    }

    /// Encrypts and decrypts secrets.
    pub fn fernet(&self) -> &Fernet {
        &self.inner.fernet
    }

    pub(crate) fn alert_cache(&self) -> &AlertCache {
        &self.inner.alerts
    }

    pub(crate) fn totals(&self) -> &Totals {
        &self.inner.totals
    }

    pub(crate) fn db(&self) -> &Arc<Db> {
        &self.inner.db
    }
}

/// The clock, for columns that only tell people when a row changed.
pub(crate) fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
