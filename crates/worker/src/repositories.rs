//! Bundles that live elsewhere: a worker fetches the files of the commit that a try needs.

use std::any::Any;
use std::fmt::Debug;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;

use crate::host::Answerer;

/// A folder of DAG files that stays while this lives.
pub struct Root {
    /// The folder.
    pub path: PathBuf,
    /// What keeps it there.
    pub held: Option<Arc<dyn Any + Send + Sync>>,
}

/// Where bundles come from.
#[async_trait]
pub trait Repositories: Debug + Send + Sync + 'static {
    /// The files of a bundle at a version, or as they are now; `None` if the bundle is no repository. `ask` answers
    /// what its connection is.
    async fn root(&self, bundle: &str, version: Option<&str>, ask: &Answerer) -> Option<Result<Root, String>>;
}
