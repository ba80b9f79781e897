//! Versions of DAGs: their numbers, structure and source.

use tradewind_core::Timestamp;

use super::exec::select;
use super::query::{Column, Listed, OrderBy, Page, column};
use crate::row::row;
use crate::{Error, Store};

row! {
    /// A version without its content.
    pub struct VersionView {
        /// Database number.
        pub id: i64 = "v.id",
        /// DAG.
        pub dag_id: String = "v.dag_id",
        /// 1 for the first.
        pub version_number: i32 = "v.version_number",
        /// Bundle.
        pub bundle_name: String = "v.bundle_name",
        /// The bundle's version.
        pub bundle_version: Option<String> = "v.bundle_version",
        /// When it was first seen.
        pub created_at: Timestamp = "v.created_at",
        /// Display name of the DAG, or its id.
        pub dag_display_name: String = "COALESCE(d.display_name, v.dag_id)",
    }
}

const FROM: &str = " FROM dag_version v LEFT JOIN dag d ON d.dag_id = v.dag_id";

/// Which versions.
#[derive(Clone, Debug, Default)]
pub struct VersionFilter {
    /// Of this DAG; none: any.
    pub dag_id: Option<String>,
    /// With this number.
    pub version_number: Option<i64>,
    /// Of this bundle.
    pub bundle_name: Option<String>,
    /// Of this version of the bundle.
    pub bundle_version: Option<String>,
}

/// What `order_by` may name.
pub const VERSION_COLUMNS: &[Column] = &[
    column("id", "v.id"),
    column("version_number", "v.version_number"),
    column("bundle_name", "v.bundle_name"),
    column("bundle_version", "v.bundle_version"),
];

impl Store {
    /// A page of versions.
    ///
    /// # Errors
    /// The database's.
    pub async fn list_versions(
        &self,
        by: &VersionFilter,
        order: &OrderBy,
        page: Page,
    ) -> Result<Listed<VersionView>, Error> {
        let mut f = self.filter();
        f.eq_some("v.dag_id", by.dag_id.as_deref());
        f.visible("v.dag_id");
        f.eq_int("v.version_number", by.version_number);
        f.eq_some("v.bundle_name", by.bundle_name.as_deref());
        f.eq_some("v.bundle_version", by.bundle_version.as_deref());
        let total = self.total(format!("SELECT COUNT(*) FROM dag_version v{}", f.text), &f.args).await?;
        let sql = format!("{}{FROM}{}{}", select::<VersionView>(), f.text, order.sql("v.id"));
        let limit = f.page(page);
        Ok(Listed { rows: self.rows(sql + &limit, &f.args).await?, total })
    }

    /// A version of a DAG by number, or its newest.
    ///
    /// # Errors
    /// The database's.
    pub async fn find_version(&self, dag_id: &str, number: Option<i64>) -> Result<Option<VersionView>, Error> {
        let mut f = self.filter();
        f.eq("v.dag_id", dag_id);
        f.visible("v.dag_id");
        f.eq_int("v.version_number", number);
        let sql = format!("{}{FROM}{} ORDER BY v.version_number DESC LIMIT 1", select::<VersionView>(), f.text);
        self.first(sql, &f.args).await
    }

    /// The serialized DAG (JSON text) of a version.
    ///
    /// # Errors
    /// The database's.
    pub async fn version_data(&self, version_id: i64) -> Result<Option<String>, Error> {
        let mut f = self.filter();
        f.eq_int("id", Some(version_id));
        let row = self.first::<(String,)>(format!("SELECT data FROM dag_version{}", f.text), &f.args).await?;
        Ok(row.map(|(data,)| data))
    }

    /// The text of the file that a version was parsed from.
    ///
    /// # Errors
    /// The database's.
    pub async fn version_source(&self, version_id: i64) -> Result<Option<String>, Error> {
        let mut f = self.filter();
        f.eq_int("id", Some(version_id));
        let row = self.first::<(String,)>(format!("SELECT source FROM dag_version{}", f.text), &f.args).await?;
        Ok(row.map(|(source,)| source))
    }
}
