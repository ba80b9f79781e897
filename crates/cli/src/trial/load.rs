//! Finds the file of a DAG and parses it as it is on disk now.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tradewind_core::TriggerRule;
use tradewind_engine::dag_processor::list_dag_files;
use tradewind_protocol::SerializedDag;
use tradewind_protocol::frames::Parsed;
use tradewind_store::Store;
use tradewind_worker::host::{Hosts, ParseRequest};

use crate::config::{Config, options};
use crate::error::CliError;
use crate::python_env::EnvironmentName;
use crate::roles::settings::{self, Bundle};
use crate::roles::{answerer, answerer_without_database, bring_here};
use crate::suggest::nearest;

/// A DAG as its file says now.
pub struct Found {
    /// The DAG.
    pub dag: SerializedDag,
    /// Its file.
    pub path: PathBuf,
    /// The folder that has the file.
    pub bundle: Bundle,
    /// The file below that folder.
    pub relative: String,
}

impl Found {
    /// Leaves one task alone in it: tried once, and nothing holds it back.
    ///
    /// # Errors
    /// There is no such task.
    pub fn only(&mut self, task_id: &str) -> Result<(), CliError> {
        let dag = &mut self.dag;
        let ids: Vec<String> = dag.tasks.iter().map(|t| t.task_id.clone()).collect();
        dag.tasks.retain(|t| t.task_id == task_id);
        let Some(task) = dag.tasks.first_mut() else {
            let error = CliError::failed(format!("the DAG '{}' has no task '{task_id}'", dag.dag_id));
            return Err(match nearest(task_id, ids.iter().map(String::as_str)) {
                Some(near) => error.hint(format!("did you mean '{near}'?")),
                None => error.hint(format!("it has {}", ids.join(", "))),
            });
        };
        task.downstream.clear();
        task.trigger_rule = TriggerRule::Always;
        task.retries = Some(0);
        task.depends_on_past = false;
        task.wait_for_downstream = false;
        // A task is tried for any date, also one that its runs leave out.
        (task.start_date, task.end_date) = (None, None);
        (dag.start_date, dag.end_date) = (None, None);
        Ok(())
    }
}

/// Finds the DAG: in `file` if one is named, else where the database says, else in any DAG file.
///
/// # Errors
/// The file cannot be read, or there is no such DAG.
pub async fn find(
    config: &Config,
    hosts: &Hosts,
    real: Option<&Store>,
    dag_id: &str,
    file: Option<&Path>,
) -> Result<Found, CliError> {
    let mut bundles = settings::bundles(config)?;
    let ask = real.map_or_else(answerer_without_database, |store| answerer(store.clone()));
    let _held = bring_here(config, &mut bundles, &ask).await?;
    if let Some(file) = file {
        let path = std::path::absolute(file)?;
        let bundle = bundle_of(&bundles, &path);
        return in_file(config, hosts, real, dag_id, &path, &bundle)
            .await?
            .ok_or_else(|| CliError::failed(format!("{} has no DAG '{dag_id}'", path.display())));
    }
    if let Some(store) = real
        && let Some(dag) = store.find_dag(dag_id).await?
    {
        // The newest commit, not the one that was parsed last.
        let path = match bundles.iter().find(|b| b.commit.is_some() && b.name == dag.bundle_name) {
            Some(bundle) => bundle.root.join(&dag.relative_fileloc),
            None => PathBuf::from(&dag.fileloc),
        };
        if path.exists()
            && let Some(found) = in_file(config, hosts, real, dag_id, &path, &bundle_of(&bundles, &path)).await?
        {
            return Ok(found);
        }
    }
    let mut seen = Vec::new();
    for bundle in &bundles {
        let settings = settings::processor(config, bundle);
        let files = list_dag_files(&bundle.root, settings.ignore_syntax, settings.safe_mode)
            .map_err(|error| CliError::failed(error.to_string()))?;
        for relative in files {
            let path = bundle.root.join(&relative);
            // Files of other DAGs may be broken; that is not what was asked.
            let Ok(parsed) = parse(config, hosts, real, &path, bundle).await else { continue };
            for dag in parsed.dags {
                if dag.dag_id == dag_id {
                    return Ok(Found { dag, path, bundle: bundle.clone(), relative });
                }
                seen.push(dag.dag_id);
            }
        }
    }
    let error = CliError::failed(format!("no DAG file has a DAG '{dag_id}'"));
    Err(match nearest(dag_id, seen.iter().map(String::as_str)) {
        Some(near) => error.hint(format!("did you mean '{near}'?")),
        None => error.hint(format!(
            "looked in {}; name its file with --dagfile-path",
            bundles.iter().map(|b| b.root.display().to_string()).collect::<Vec<_>>().join(", ")
        )),
    })
}

/// The folder that has the file; one of its own for a file elsewhere.
fn bundle_of(bundles: &[Bundle], path: &Path) -> Bundle {
    bundles.iter().find(|b| path.starts_with(&b.root)).cloned().unwrap_or_else(|| Bundle {
        name: "dags-folder".into(),
        root: path.parent().map(Path::to_path_buf).unwrap_or_default(),
        environment: EnvironmentName::Common,
        git: None,
        commit: None,
    })
}

async fn in_file(
    config: &Config,
    hosts: &Hosts,
    real: Option<&Store>,
    dag_id: &str,
    path: &Path,
    bundle: &Bundle,
) -> Result<Option<Found>, CliError> {
    let parsed = parse(config, hosts, real, path, bundle).await?;
    let relative = path.strip_prefix(&bundle.root).unwrap_or(path).to_string_lossy().into_owned();
    let dag = parsed.dags.into_iter().find(|d| d.dag_id == dag_id);
    match (dag, parsed.import_error) {
        (Some(dag), _) => Ok(Some(Found { dag, path: path.to_owned(), bundle: bundle.clone(), relative })),
        (None, Some(error)) => {
            let line = error.line.map(|line| format!(":{line}")).unwrap_or_default();
            Err(CliError::failed(format!("{}{line}: {}", path.display(), error.message)))
        }
        (None, None) => Ok(None),
    }
}

async fn parse(
    config: &Config,
    hosts: &Hosts,
    real: Option<&Store>,
    path: &Path,
    bundle: &Bundle,
) -> Result<Parsed, CliError> {
    let request = ParseRequest {
        path: path.to_owned(),
        root: bundle.root.clone(),
        bundle: bundle.name.clone(),
        had_error: false,
    };
    let answerer = real.map_or_else(answerer_without_database, |store| answerer(store.clone()));
    let timeout = config.seconds(&options::DAG_FILE_PROCESSOR_TIMEOUT);
    let parsed = hosts.of(&bundle.name).parse(request, timeout, Arc::clone(&answerer)).await;
    parsed.map_err(|error| CliError::failed(format!("{}: {error}", path.display())))
}
