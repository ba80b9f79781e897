//! Hearing of what other processes changed: LISTEN on Postgres, SQLite's change counter on a file.

use std::sync::{Arc, Weak};
use std::time::Duration;

use sqlx::postgres::PgListener;

use crate::db::Db;
use crate::notifier::Notifier;

/// How often to look whether a command changed the SQLite file. Costs microseconds.
const LOOK: Duration = Duration::from_millis(500);
/// Longest wait between attempts to reach Postgres again.
const LONGEST: Duration = Duration::from_secs(5);

/// Starts watching, until the database is dropped.
pub(crate) fn watch(db: &Arc<Db>, notifier: Notifier) {
    match &**db {
        Db::Sqlite { lock: Some(_), .. } => {
            tokio::spawn(look_at_file(Arc::downgrade(db), notifier));
        }
        // A command is over before anybody else changes anything.
        Db::Sqlite { lock: None, .. } => {}
        Db::Postgres(_) => {
            tokio::spawn(listen(Arc::downgrade(db), notifier));
        }
    }
}

/// The counter on the writer changes when another connection has written, and that is always another process:
/// our readers cannot.
async fn look_at_file(db: Weak<Db>, notifier: Notifier) {
    let mut known: Option<i64> = None;
    let mut clock = tokio::time::interval(LOOK);
    clock.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        clock.tick().await;
        let Some(db) = db.upgrade() else { return };
        let Db::Sqlite { writer, .. } = &*db else { return };
        // A writer that is busy is looked at next time.
        let Ok(mut conn) = writer.try_lock() else { continue };
        let Ok(now) = sqlx::query_scalar::<_, i64>("PRAGMA data_version").fetch_one(&mut *conn).await else { continue };
        drop(conn);
        // Also at the first look: nobody knows what was written before it.
        if known.replace(now) != Some(now) {
            notifier.notify_all();
        }
    }
}

async fn listen(db: Weak<Db>, notifier: Notifier) {
    let mut pause = Duration::from_millis(100);
    loop {
        let listener = {
            let Some(db) = db.upgrade() else { return };
            let Db::Postgres(pool) = &*db else { return };
            PgListener::connect_with(pool).await
        };
        let mut listener = match listener {
            Ok(listener) => listener,
            Err(error) => {
                tracing::debug!(%error, "not listening to the database yet");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST);
                continue;
            }
        };
        listener.ignore_pool_close_event(false);
        listener.eager_reconnect(false);
        if listener.listen("tradewind").await.is_err() {
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST);
            continue;
        }
        pause = Duration::from_millis(100);
        // Whatever was said while nobody listened.
        notifier.notify_all();
        loop {
            match listener.try_recv().await {
                Ok(Some(notification)) => notifier.heard(notification.payload()),
                // The connection was lost.
                Ok(None) => break,
                Err(error) => {
                    tracing::debug!(%error, "the database's notifications stopped");
                    break;
                }
            }
            if db.strong_count() == 0 {
                return;
            }
        }
    }
}
