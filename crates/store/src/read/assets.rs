//! Assets, aliases, events and queues as REST, tasks and pages list them.

use std::collections::HashMap;

use serde_json::Value;
use tradewind_core::{RunState, Timestamp};

use super::exec::select;
use super::query::{Column, Filter, Listed, Match, OrderBy, Page, Span, column};
use crate::row::row;
use crate::{Error, Store, Topic};

row! {
    /// An asset.
    pub struct AssetView {
        /// Database number.
        pub id: i64 = "a.id",
        /// Its name.
        pub name: String = "a.name",
        /// Its URI.
        pub uri: String = "a.uri",
        /// For people.
        pub group: String = "a.asset_group",
        /// JSON object.
        pub extra: Value = "a.extra",
        /// When it became known.
        pub created_at: Timestamp = "a.created_at",
        /// When what is known of it changed.
        pub updated_at: Timestamp = "a.updated_at",
        /// Its newest event.
        pub last_event_id: Option<i64> = "(SELECT e.id FROM asset_event e WHERE e.asset_id = a.id
            ORDER BY e.at DESC, e.id DESC LIMIT 1)",
        /// When that was.
        pub last_event_at: Option<Timestamp> = "(SELECT e.at FROM asset_event e WHERE e.asset_id = a.id
            ORDER BY e.at DESC, e.id DESC LIMIT 1)",
    }
}

row! {
    /// A DAG or task that mentions an asset.
    pub struct AssetReferenceView {
        /// The asset.
        pub asset_id: i64 = "r.asset_id",
        /// `schedule`, `outlet` or `inlet`.
        pub kind: String = "r.kind",
        /// The DAG.
        pub dag_id: String = "r.dag_id",
        /// The task; empty for schedules.
        pub task_id: String = "r.task_id",
        /// Since when.
        pub created_at: Timestamp = "r.created_at",
        /// When it was last seen anew.
        pub updated_at: Timestamp = "r.updated_at",
    }
}

row! {
    /// An alias.
    pub struct AssetAliasView {
        /// Database number.
        pub id: i64 = "l.id",
        /// Its name.
        pub name: String = "l.name",
        /// For people.
        pub group: String = "l.alias_group",
    }
}

row! {
    /// A watcher of an asset whose trigger is there.
    pub struct AssetWatcherView {
        /// The asset.
        pub asset_id: i64 = "w.asset_id",
        /// Its name.
        pub name: String = "w.name",
        /// The trigger.
        pub trigger_id: i64 = "g.id",
        /// When the trigger came to be.
        pub created_at: Timestamp = "g.created_at",
    }
}

row! {
    struct MemberView {
        asset_id: i64 = "m.asset_id",
        id: i64 = "l.id",
        name: String = "l.name",
        group: String = "l.alias_group",
    }
}

row! {
    struct EventRow {
        id: i64 = "e.id",
        asset_id: i64 = "e.asset_id",
        name: String = "a.name",
        uri: String = "a.uri",
        group: String = "a.asset_group",
        asset_extra: Value = "a.extra",
        at: Timestamp = "e.at",
        extra: Value = "e.extra",
        source_dag_id: Option<String> = "e.source_dag_id",
        source_task_id: Option<String> = "e.source_task_id",
        source_run_id: Option<String> = "e.source_run_id",
        source_map_index: Option<i32> = "e.source_map_index",
        partition_key: Option<String> = "e.partition_key",
    }
}

/// An event of an asset.
#[derive(Clone, Debug)]
pub struct AssetEventView {
    /// Database number.
    pub id: i64,
    /// The asset's number.
    pub asset_id: i64,
    /// The asset's name.
    pub name: String,
    /// The asset's URI.
    pub uri: String,
    /// The asset's group.
    pub group: String,
    /// JSON object: what its author attached to the asset.
    pub asset_extra: Value,
    /// When.
    pub at: Timestamp,
    /// JSON object.
    pub extra: Value,
    /// Which DAG did it.
    pub source_dag_id: Option<String>,
    /// Which task.
    pub source_task_id: Option<String>,
    /// In which run.
    pub source_run_id: Option<String>,
    /// -1 when not mapped.
    pub source_map_index: Option<i32>,
    /// The partition.
    pub partition_key: Option<String>,
    /// Names of the aliases that it came by way of.
    pub aliases: Vec<String>,
}

row! {
    /// A run that consumed an event.
    pub struct ConsumingRunView {
        /// The event.
        pub event_id: i64 = "c.event_id",
        /// The user's id of the run.
        pub run_id: String = "r.run_id",
        /// Its DAG.
        pub dag_id: String = "r.dag_id",
        /// The instant that names it.
        pub logical_date: Option<Timestamp> = "r.logical_date",
        /// When it was due.
        pub run_after: Timestamp = "r.run_after",
        /// When it began.
        pub start_date: Option<Timestamp> = "r.start_date",
        /// When it ended.
        pub end_date: Option<Timestamp> = "r.end_date",
        /// Where it stands.
        pub state: RunState = "r.state",
        /// Start of its data.
        pub data_interval_start: Option<Timestamp> = "r.data_interval_start",
        /// End of its data.
        pub data_interval_end: Option<Timestamp> = "r.data_interval_end",
        /// The partition that it is about.
        pub partition_key: Option<String> = "r.partition_key",
        /// It is the last of the events that the run consumed.
        pub triggering: bool = "c.event_id = (SELECT MAX(o.event_id) FROM dag_run_asset_event o WHERE o.run_key = r.id)",
    }
}

row! {
    /// What a DAG has yet to consume of an asset.
    pub struct QueuedView {
        /// The DAG.
        pub dag_id: String = "q.dag_id",
        /// The asset.
        pub asset_id: i64 = "q.asset_id",
        /// Since when.
        pub created_at: Timestamp = "MIN(e.at)",
        /// The DAG's display name, or its id.
        pub dag_display_name: String = "COALESCE(d.display_name, q.dag_id)",
        /// How many events.
        pub events: i64 = "COUNT(*)",
    }
}

/// Which assets.
#[derive(Clone, Debug, Default)]
pub struct AssetFilter {
    /// By name.
    pub name: Match,
    /// By URI.
    pub uri: Match,
    /// Mentioned by these DAGs; none: any.
    pub dag_ids: Vec<String>,
    /// Mentioned by any DAG that is there.
    pub only_active: bool,
}

/// Which events.
#[derive(Clone, Debug, Default)]
pub struct AssetEventFilter {
    /// Of this asset.
    pub asset_id: Option<i64>,
    /// Of the assets with this name.
    pub name: Option<String>,
    /// Of the assets with this URI.
    pub uri: Option<String>,
    /// By way of this alias.
    pub alias: Option<String>,
    /// That this run consumed.
    pub consumed_by: Option<i64>,
    /// By the asset's name.
    pub name_matches: Match,
    /// From this DAG.
    pub source_dag_id: Option<String>,
    /// From this task.
    pub source_task_id: Option<String>,
    /// From this run.
    pub source_run_id: Option<String>,
    /// From this map index.
    pub source_map_index: Option<i64>,
    /// Not before.
    pub after: Option<Timestamp>,
    /// Not after.
    pub before: Option<Timestamp>,
    /// Bounds.
    pub at: Span<i64>,
    /// The newest first; for [`Store::asset_events_for_task`].
    pub descending: bool,
}

/// Whose queue.
#[derive(Clone, Debug, Default)]
pub struct QueueFilter {
    /// Of this DAG.
    pub dag_id: Option<String>,
    /// About this asset.
    pub asset_id: Option<i64>,
    /// Only events older than this.
    pub before: Option<Timestamp>,
}

/// What `order_by` of assets may name.
pub const ASSET_COLUMNS: &[Column] = &[
    column("id", "a.id"),
    column("name", "a.name"),
    column("uri", "a.uri"),
    column("group", "a.asset_group"),
    column("created_at", "a.created_at"),
    column("updated_at", "a.updated_at"),
];

/// What `order_by` of aliases may name.
pub const ASSET_ALIAS_COLUMNS: &[Column] =
    &[column("id", "l.id"), column("name", "l.name"), column("group", "l.alias_group")];

/// What `order_by` of events may name.
pub const ASSET_EVENT_COLUMNS: &[Column] = &[
    column("id", "e.id"),
    column("timestamp", "e.at"),
    column("asset_id", "e.asset_id"),
    column("source_dag_id", "COALESCE(e.source_dag_id, '')"),
    column("source_task_id", "COALESCE(e.source_task_id, '')"),
    column("source_run_id", "COALESCE(e.source_run_id, '')"),
    column("source_map_index", "COALESCE(e.source_map_index, -1)"),
];

const EVENT_FROM: &str = " FROM asset_event e JOIN asset a ON a.id = e.asset_id";
/// An asset is active while a DAG that is there mentions it.
const ACTIVE: &str = "EXISTS (SELECT 1 FROM asset_reference r JOIN dag d ON d.dag_id = r.dag_id
    WHERE r.asset_id = a.id AND NOT d.is_stale)";

impl AssetEventFilter {
    fn apply(&self, f: &mut Filter) {
        f.eq_int("e.asset_id", self.asset_id);
        f.visible_or_none("e.source_dag_id");
        f.eq_some("a.name", self.name.as_deref());
        f.eq_some("a.uri", self.uri.as_deref());
        if let Some(alias) = &self.alias {
            let place = f.bind(alias.into());
            f.and(&format!(
                "e.id IN (SELECT w.event_id FROM asset_event_alias w JOIN asset_alias l ON l.id = w.alias_id
                 WHERE l.name = {place})"
            ));
        }
        if let Some(run_key) = self.consumed_by {
            let place = f.bind(run_key.into());
            f.and(&format!("e.id IN (SELECT c.event_id FROM dag_run_asset_event c WHERE c.run_key = {place})"));
        }
        f.matches("a.name", &self.name_matches);
        f.eq_some("e.source_dag_id", self.source_dag_id.as_deref());
        f.eq_some("e.source_task_id", self.source_task_id.as_deref());
        f.eq_some("e.source_run_id", self.source_run_id.as_deref());
        f.eq_int("e.source_map_index", self.source_map_index);
        f.within("e.at", &self.at);
        let micros = |at: Option<Timestamp>| at.map(Timestamp::as_micros);
        f.within("e.at", &Span { gte: micros(self.after), lte: micros(self.before), ..Span::default() });
    }
}

impl QueueFilter {
    fn apply(&self, f: &mut Filter) {
        f.eq_some("q.dag_id", self.dag_id.as_deref());
        f.visible("q.dag_id");
        f.eq_int("q.asset_id", self.asset_id);
        f.within("e.at", &Span { lt: self.before.map(Timestamp::as_micros), ..Span::default() });
    }
}

impl Store {
    /// A page of assets.
    ///
    /// # Errors
    /// The database's.
    pub async fn list_assets(&self, by: &AssetFilter, order: &OrderBy, page: Page) -> Result<Listed<AssetView>, Error> {
        let mut f = self.filter();
        f.matches("a.name", &by.name);
        f.matches("a.uri", &by.uri);
        if by.only_active {
            f.and(ACTIVE);
        }
        if !by.dag_ids.is_empty() {
            let of_them = f.one_of("r.dag_id", &by.dag_ids);
            f.and(&format!("EXISTS (SELECT 1 FROM asset_reference r WHERE r.asset_id = a.id AND {of_them})"));
        }
        let total = self.total(format!("SELECT COUNT(*) FROM asset a{}", f.text), &f.args).await?;
        let sql = format!("{} FROM asset a{}{}", select::<AssetView>(), f.text, order.sql("a.id"));
        let limit = f.page(page);
        Ok(Listed { rows: self.rows(sql + &limit, &f.args).await?, total })
    }

    /// An asset by its number.
    ///
    /// # Errors
    /// The database's.
    pub async fn find_asset_by_id(&self, id: i64) -> Result<Option<AssetView>, Error> {
        let mut f = self.filter();
        f.eq_int("a.id", Some(id));
        self.first(format!("{} FROM asset a{}", select::<AssetView>(), f.text), &f.args).await
    }

    /// An asset by its name, its URI, or both. Of several, one that is in use, and of these the newest.
    ///
    /// # Errors
    /// The database's.
    pub async fn find_asset(&self, name: Option<&str>, uri: Option<&str>) -> Result<Option<AssetView>, Error> {
        let mut f = self.filter();
        f.eq_some("a.name", name);
        f.eq_some("a.uri", uri);
        let sql = format!(
            "{} FROM asset a{} ORDER BY {ACTIVE} DESC, a.updated_at DESC, a.id DESC LIMIT 1",
            select::<AssetView>(),
            f.text
        );
        self.first(sql, &f.args).await
    }

    /// Who mentions these assets, as far as the DAGs are there; by asset.
    ///
    /// # Errors
    /// The database's.
    pub async fn asset_references(&self, asset_ids: &[i64]) -> Result<HashMap<i64, Vec<AssetReferenceView>>, Error> {
        if asset_ids.is_empty() {
            return Ok(HashMap::new());
        }
        let mut f = self.filter();
        f.any_int("r.asset_id", asset_ids);
        f.and("NOT d.is_stale");
        f.visible("r.dag_id");
        let sql = format!(
            "{} FROM asset_reference r JOIN dag d ON d.dag_id = r.dag_id{} ORDER BY r.dag_id, r.task_id",
            select::<AssetReferenceView>(),
            f.text
        );
        let mut found: HashMap<i64, Vec<AssetReferenceView>> = HashMap::new();
        for row in self.rows::<AssetReferenceView>(sql, &f.args).await? {
            found.entry(row.asset_id).or_default().push(row);
        }
        Ok(found)
    }

    /// Watchers of these assets, as far as their triggers are there; by asset.
    ///
    /// # Errors
    /// The database's.
    pub async fn watchers_of_assets(&self, asset_ids: &[i64]) -> Result<HashMap<i64, Vec<AssetWatcherView>>, Error> {
        if asset_ids.is_empty() {
            return Ok(HashMap::new());
        }
        let mut f = self.filter();
        f.any_int("w.asset_id", asset_ids);
        let sql = format!(
            "{} FROM asset_watcher w JOIN trigger g ON g.watcher = w.watcher{} ORDER BY w.name, g.id",
            select::<AssetWatcherView>(),
            f.text
        );
        let mut found: HashMap<i64, Vec<AssetWatcherView>> = HashMap::new();
        for row in self.rows::<AssetWatcherView>(sql, &f.args).await? {
            let of_asset = found.entry(row.asset_id).or_default();
            // Several DAGs may name the same one.
            if !of_asset.iter().any(|known| known.name == row.name && known.trigger_id == row.trigger_id) {
                of_asset.push(row);
            }
        }
        Ok(found)
    }

    /// Aliases that were given to these assets; by asset.
    ///
    /// # Errors
    /// The database's.
    pub async fn aliases_of_assets(&self, asset_ids: &[i64]) -> Result<HashMap<i64, Vec<AssetAliasView>>, Error> {
        if asset_ids.is_empty() {
            return Ok(HashMap::new());
        }
        let mut f = self.filter();
        f.any_int("m.asset_id", asset_ids);
        let sql = format!(
            "{} FROM asset_alias_asset m JOIN asset_alias l ON l.id = m.alias_id{} ORDER BY l.name",
            select::<MemberView>(),
            f.text
        );
        let mut found: HashMap<i64, Vec<AssetAliasView>> = HashMap::new();
        for MemberView { asset_id, id, name, group } in self.rows(sql, &f.args).await? {
            found.entry(asset_id).or_default().push(AssetAliasView { id, name, group });
        }
        Ok(found)
    }

    /// A page of aliases.
    ///
    /// # Errors
    /// The database's.
    pub async fn list_asset_aliases(
        &self,
        name: &Match,
        order: &OrderBy,
        page: Page,
    ) -> Result<Listed<AssetAliasView>, Error> {
        let mut f = self.filter();
        f.matches("l.name", name);
        let total = self.total(format!("SELECT COUNT(*) FROM asset_alias l{}", f.text), &f.args).await?;
        let sql = format!("{} FROM asset_alias l{}{}", select::<AssetAliasView>(), f.text, order.sql("l.id"));
        let limit = f.page(page);
        Ok(Listed { rows: self.rows(sql + &limit, &f.args).await?, total })
    }

    /// An alias by its number.
    ///
    /// # Errors
    /// The database's.
    pub async fn find_asset_alias(&self, id: i64) -> Result<Option<AssetAliasView>, Error> {
        let mut f = self.filter();
        f.eq_int("l.id", Some(id));
        self.first(format!("{} FROM asset_alias l{}", select::<AssetAliasView>(), f.text), &f.args).await
    }

    /// Assets that an alias was given to, by name.
    ///
    /// # Errors
    /// The database's.
    pub async fn assets_of_alias(&self, name: &str) -> Result<Vec<AssetView>, Error> {
        let mut f = self.filter();
        f.eq_some("l.name", Some(name));
        let sql = format!(
            "{} FROM asset a JOIN asset_alias_asset m ON m.asset_id = a.id JOIN asset_alias l ON l.id = m.alias_id{} \
             ORDER BY a.name, a.uri",
            select::<AssetView>(),
            f.text
        );
        self.rows(sql, &f.args).await
    }

    /// A page of events.
    ///
    /// # Errors
    /// The database's.
    pub async fn list_asset_events(
        &self,
        by: &AssetEventFilter,
        order: &OrderBy,
        page: Page,
    ) -> Result<Listed<AssetEventView>, Error> {
        let mut f = self.filter();
        by.apply(&mut f);
        let total = self.total(format!("SELECT COUNT(*){EVENT_FROM}{}", f.text), &f.args).await?;
        let sql = format!("{}{EVENT_FROM}{}{}", select::<EventRow>(), f.text, order.sql("e.id"));
        let limit = f.page(page);
        let rows = self.rows(sql + &limit, &f.args).await?;
        Ok(Listed { rows: self.with_aliases(rows).await?, total })
    }

    /// Events for a task: in order of time, which `by.descending` turns around.
    ///
    /// # Errors
    /// The database's.
    pub async fn asset_events_for_task(&self, by: &AssetEventFilter, page: Page) -> Result<Vec<AssetEventView>, Error> {
        let mut f = self.filter();
        by.apply(&mut f);
        let direction = if by.descending { "DESC" } else { "ASC" };
        let sql = format!("{}{EVENT_FROM}{} ORDER BY e.at {direction}, e.id {direction}", select::<EventRow>(), f.text);
        let limit = f.page(page);
        let rows = self.rows(sql + &limit, &f.args).await?;
        self.with_aliases(rows).await
    }

    async fn with_aliases(&self, rows: Vec<EventRow>) -> Result<Vec<AssetEventView>, Error> {
        let mut aliases: HashMap<i64, Vec<String>> = HashMap::new();
        if !rows.is_empty() {
            let mut f = self.filter();
            f.any_int("w.event_id", &rows.iter().map(|row| row.id).collect::<Vec<_>>());
            let sql = format!(
                "SELECT w.event_id, l.name FROM asset_event_alias w JOIN asset_alias l ON l.id = w.alias_id{} \
                 ORDER BY l.name",
                f.text
            );
            for (event_id, name) in self.rows::<(i64, String)>(sql, &f.args).await? {
                aliases.entry(event_id).or_default().push(name);
            }
        }
        Ok(rows
            .into_iter()
            .map(|row| AssetEventView {
                aliases: aliases.remove(&row.id).unwrap_or_default(),
                id: row.id,
                asset_id: row.asset_id,
                name: row.name,
                uri: row.uri,
                group: row.group,
                asset_extra: row.asset_extra,
                at: row.at,
                extra: row.extra,
                source_dag_id: row.source_dag_id,
                source_task_id: row.source_task_id,
                source_run_id: row.source_run_id,
                source_map_index: row.source_map_index,
                partition_key: row.partition_key,
            })
            .collect())
    }

    /// Runs that consumed these events; by event.
    ///
    /// # Errors
    /// The database's.
    pub async fn runs_of_asset_events(&self, event_ids: &[i64]) -> Result<HashMap<i64, Vec<ConsumingRunView>>, Error> {
        if event_ids.is_empty() {
            return Ok(HashMap::new());
        }
        let mut f = self.filter();
        f.any_int("c.event_id", event_ids);
        f.visible("r.dag_id");
        let sql = format!(
            "{} FROM dag_run_asset_event c JOIN dag_run r ON r.id = c.run_key{} ORDER BY r.id",
            select::<ConsumingRunView>(),
            f.text
        );
        let mut found: HashMap<i64, Vec<ConsumingRunView>> = HashMap::new();
        for row in self.rows::<ConsumingRunView>(sql, &f.args).await? {
            found.entry(row.event_id).or_default().push(row);
        }
        Ok(found)
    }

    /// What DAGs have yet to consume: one row for each DAG and asset.
    ///
    /// # Errors
    /// The database's.
    pub async fn queued_asset_events(&self, by: &QueueFilter) -> Result<Vec<QueuedView>, Error> {
        let mut f = self.filter();
        by.apply(&mut f);
        let sql = format!(
            "{} FROM asset_queue q JOIN asset_event e ON e.id = q.event_id JOIN dag d ON d.dag_id = q.dag_id{} \
             GROUP BY q.dag_id, q.asset_id, COALESCE(d.display_name, q.dag_id) ORDER BY q.dag_id, q.asset_id",
            select::<QueuedView>(),
            f.text
        );
        self.rows(sql, &f.args).await
    }

    /// Takes events off queues, unconsumed; answers how many.
    ///
    /// # Errors
    /// The database's.
    pub async fn empty_asset_queue(&self, by: &QueueFilter) -> Result<u64, Error> {
        let mut f = self.filter();
        by.apply(&mut f);
        let text = format!(
            "DELETE FROM asset_queue WHERE EXISTS (SELECT 1 FROM asset_queue q JOIN asset_event e ON e.id = q.event_id{} \
             {} q.dag_id = asset_queue.dag_id AND q.event_id = asset_queue.event_id \
             AND q.partition_key = asset_queue.partition_key)",
            f.text,
            if f.text.is_empty() { "WHERE" } else { "AND" }
        );
        let mut tx = self.begin().await?;
        let deleted = crate::db::sql(text).bind_all(f.args).run(&mut tx).await?;
        tx.notify(Topic::Ui);
        tx.commit().await?;
        Ok(deleted)
    }
}
