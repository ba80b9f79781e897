//! Calls about assets: what they are, their events, and what a run consumed.

use serde_json::{Value, json};
use tradewind_protocol::task_api::ErrorCode;
use tradewind_protocol::{TaskApiError, TaskReply};
use tradewind_store::read::{AssetEventFilter, AssetEventView, Page};

use super::StoreTaskApi;
use super::error::{not_found, of_store};

/// Events that one call answers at most, unless it asks for fewer: enough for anybody, and no way to fill the memory.
const MOST_EVENTS: i64 = 100_000;

impl StoreTaskApi {
    /// An asset by name or URI.
    pub(super) async fn asset_get(&self, name: Option<String>, uri: Option<String>) -> Result<TaskReply, TaskApiError> {
        if name.is_none() && uri.is_none() {
            return Err(TaskApiError::new(ErrorCode::Invalid, "which asset? give its name or its URI"));
        }
        let found = self.store.find_asset(name.as_deref(), uri.as_deref()).await.map_err(of_store)?;
        let asset =
            found.ok_or_else(|| not_found(format!("there is no asset '{}'", name.or(uri).unwrap_or_default())))?;
        Ok(json!({"name": asset.name, "uri": asset.uri, "group": asset.group, "extra": asset.extra}))
    }

    /// Events.
    pub(super) async fn asset_events(
        &self,
        of: AssetEventFilter,
        limit: Option<i64>,
    ) -> Result<TaskReply, TaskApiError> {
        let nothing = of.name.is_none() && of.uri.is_none() && of.alias.is_none() && of.consumed_by.is_none();
        if nothing {
            return Err(TaskApiError::new(
                ErrorCode::Invalid,
                "events of which asset? give its name, its URI or an alias",
            ));
        }
        let page = Page { limit: limit.unwrap_or(MOST_EVENTS).clamp(0, MOST_EVENTS), offset: 0 };
        let events = self.store.asset_events_for_task(&of, page).await.map_err(of_store)?;
        Ok(Value::Array(events.iter().map(shape).collect()))
    }
}

fn shape(event: &AssetEventView) -> Value {
    json!({
        "id": event.id,
        "timestamp": event.at,
        "extra": event.extra,
        "asset": {
            "id": event.asset_id, "name": event.name, "uri": event.uri, "group": event.group,
            "extra": event.asset_extra,
        },
        "source_dag_id": event.source_dag_id,
        "source_task_id": event.source_task_id,
        "source_run_id": event.source_run_id,
        "source_map_index": event.source_map_index.unwrap_or(-1),
        "source_aliases": event.aliases,
        "partition_key": event.partition_key,
    })
}
