//! What may be a mistake in DAGs that run all the same: assets that other DAGs know under another name or URI.

use tradewind_core::Timestamp;

use super::exec::select;
use crate::row::row;
use crate::{Error, Store};

row! {
    /// A DAG mentions an asset that shares its name or its URI, but not both, with another one that is in use.
    pub struct AssetConflict {
        /// The DAG.
        pub dag_id: String = "r.dag_id",
        /// Its display name, or its id.
        pub dag_display_name: String = "COALESCE(d.display_name, r.dag_id)",
        /// The asset that it mentions.
        pub name: String = "a.name",
        /// Its URI.
        pub uri: String = "a.uri",
        /// The other asset.
        pub other_name: String = "o.name",
        /// Its URI.
        pub other_uri: String = "o.uri",
        /// Since when the DAG mentions it.
        pub since: Timestamp = "MIN(r.created_at)",
    }
}

impl Store {
    /// Every such conflict, by DAG and asset.
    ///
    /// # Errors
    /// The database's.
    pub async fn asset_conflicts(&self, dag_id: Option<&str>) -> Result<Vec<AssetConflict>, Error> {
        let mut f = self.filter();
        f.and("NOT d.is_stale");
        f.and(
            "EXISTS (SELECT 1 FROM asset_reference AS s JOIN dag AS t ON t.dag_id = s.dag_id
                WHERE s.asset_id = o.id AND NOT t.is_stale)",
        );
        f.eq_some("r.dag_id", dag_id);
        f.visible("r.dag_id");
        let sql = format!(
            "{} FROM asset_reference AS r
             JOIN dag AS d ON d.dag_id = r.dag_id
             JOIN asset AS a ON a.id = r.asset_id
             JOIN asset AS o ON o.id <> a.id AND (o.name = a.name OR o.uri = a.uri){}
             GROUP BY r.dag_id, d.display_name, a.name, a.uri, o.name, o.uri
             ORDER BY r.dag_id, a.name, a.uri, o.name, o.uri",
            select::<AssetConflict>(),
            f.text
        );
        self.rows(sql, &f.args).await
    }
}
