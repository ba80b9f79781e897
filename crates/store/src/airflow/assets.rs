//! Assets (datasets of 2.4 to 2.11) and their events. Nobody's runs are triggered by events that are imported.

use tradewind_core::Timestamp;

use super::foreign::{Payload, foreign};
use super::payload::json_of;
use super::report::KindReport;
use super::{AirflowSource, progress};
use crate::sql::{Batch, Rows, Statement};
use crate::{Error, Store};

foreign! {
    struct AssetRow {
        name: Option<String> = "name",
        uri: String = "uri",
        group: Option<String> = "group",
        extra: Option<Payload> = "extra",
    }
}

foreign! {
    struct EventRow {
        id: i64 = "e.id",
        name: Option<String> = "a.name",
        uri: String = "a.uri",
        at: Option<Timestamp> = "e.timestamp",
        extra: Option<Payload> = "e.extra",
        dag_id: Option<String> = "e.source_dag_id",
        task_id: Option<String> = "e.source_task_id",
        run_id: Option<String> = "e.source_run_id",
        map_index: Option<i64> = "e.source_map_index",
        partition_key: Option<String> = "e.partition_key",
    }
}

const ASSETS: Batch = Batch(&[("name", "text"), ("uri", "text"), ("asset_group", "text"), ("extra", "text")]);
static ADD_ASSETS: Statement = Statement::new(
    "INSERT INTO asset (name, uri, asset_group, extra, created_at, updated_at)
     SELECT name, uri, asset_group, extra, $2, $2 FROM {rows} AS w WHERE TRUE ON CONFLICT DO NOTHING",
)
.rows(ASSETS);

const EVENTS: Batch = Batch(&[
    ("name", "text"),
    ("uri", "text"),
    ("at", "bigint"),
    ("extra", "text"),
    ("dag_id", "text"),
    ("task_id", "text"),
    ("run_id", "text"),
    ("map_index", "integer"),
    ("partition_key", "text"),
]);
static ADD_EVENTS: Statement = Statement::new(
    "INSERT INTO asset_event (asset_id, at, extra, source_dag_id, source_task_id, source_run_id, source_map_index,
        partition_key)
     SELECT a.id, w.at, w.extra, w.dag_id, w.task_id, w.run_id, w.map_index, w.partition_key
     FROM {rows} AS w JOIN asset AS a ON a.name = w.name AND a.uri = w.uri
     WHERE NOT EXISTS (SELECT 1 FROM asset_event AS e WHERE e.asset_id = a.id AND e.at = w.at)
     ORDER BY w.at",
)
.rows(EVENTS);

/// Events that are written in one transaction.
const BATCH: usize = 1_000;

pub(super) async fn assets(source: &AirflowSource, target: Option<&Store>) -> Result<Vec<KindReport>, Error> {
    let (mut of_assets, mut of_events) = (KindReport::new("assets"), KindReport::new("asset events"));
    let (assets, events, id) = match () {
        () if source.has_table("asset") => ("asset", "asset_event", "asset_id"),
        () if source.has_table("dataset") => ("dataset", "dataset_event", "dataset_id"),
        () => return Ok(vec![of_assets, of_events]),
    };
    let mut rows = Rows::new(ASSETS);
    for row in source.all::<AssetRow>(assets, "ORDER BY id").await? {
        of_assets.read += 1;
        let name = row.name.unwrap_or_else(|| row.uri.clone());
        let group = row.group.filter(|group| !group.is_empty()).unwrap_or_else(|| "asset".into());
        rows.push([name.into(), row.uri.into(), group.into(), extra(row.extra.as_ref()).into()]);
    }
    of_assets.written = rows.len() as u64;
    if let (Some(store), true) = (target, rows.len() > 0) {
        let mut tx = store.begin().await?;
        of_assets.written = ADD_ASSETS.bind(rows).bind(crate::now()).run(&mut tx).await?;
        tx.commit().await?;
    }
    of_assets.kept = of_assets.read - of_assets.written;
    let from = format!("{events} AS e JOIN {assets} AS a ON a.id = e.{id}");
    let mut after = progress::after(target, source, "asset events").await?;
    loop {
        let rest = format!("WHERE e.id > {after} ORDER BY e.id LIMIT {BATCH}");
        let found = source.all::<EventRow>(&from, &rest).await?;
        let Some(last) = found.last().map(|row| row.id) else { return Ok(vec![of_assets, of_events]) };
        let mut rows = Rows::new(EVENTS);
        for row in found {
            let name = row.name.unwrap_or_else(|| row.uri.clone());
            rows.push([
                name.into(),
                row.uri.into(),
                row.at.unwrap_or(Timestamp::from_micros(0)).into(),
                extra(row.extra.as_ref()).into(),
                row.dag_id.into(),
                row.task_id.into(),
                row.run_id.into(),
                row.map_index.into(),
                row.partition_key.into(),
            ]);
        }
        let count = rows.len() as u64;
        of_events.read += count;
        let written = match target {
            None => count,
            Some(store) => {
                let mut tx = store.begin().await?;
                let written = ADD_EVENTS.bind(rows).run(&mut tx).await?;
                progress::keep(&mut tx, source, "asset events", last).await?;
                tx.commit().await?;
                written
            }
        };
        of_events.written += written;
        of_events.kept += count - written;
        after = last;
    }
}

/// What is said beside an asset or event: a JSON object.
fn extra(payload: Option<&Payload>) -> String {
    json_of(payload).ok().flatten().filter(|json| json.starts_with('{')).unwrap_or_else(|| "{}".into())
}
