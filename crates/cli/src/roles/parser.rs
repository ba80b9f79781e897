//! Lets the dag processor parse files in python hosts, and answers what files ask while they are imported.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use tradewind_core::Duration;
use tradewind_engine::dag_processor::DagParser;
use tradewind_protocol::frames::{ImportError, Parsed};
use tradewind_worker::host::{Answerer, HostPool, ParseFailure, ParseRequest};

/// A [`DagParser`] on python hosts.
pub struct HostParser {
    hosts: HostPool,
    answerer: Answerer,
}

impl HostParser {
    /// `answerer` answers `Variable.get` and the like.
    pub fn new(hosts: HostPool, answerer: Answerer) -> Self {
        Self { hosts, answerer }
    }
}

#[async_trait]
impl DagParser for HostParser {
    async fn parse(&self, path: &Path, root: &Path, bundle: &str, timeout: Duration) -> Result<Parsed, ImportError> {
        let request = ParseRequest { path: path.to_owned(), root: root.to_owned(), bundle: bundle.to_owned() };
        let parsed = self.hosts.parse(request, timeout.to_std(), Arc::clone(&self.answerer)).await;
        parsed.map_err(|failure| {
            let traceback = match &failure {
                ParseFailure::Timeout { output, .. } | ParseFailure::Crashed { output, .. } => output.clone(),
                ParseFailure::Host(_) => String::new(),
            };
            ImportError { message: failure.to_string(), line: None, traceback }
        })
    }
}
