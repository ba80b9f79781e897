//! `kubernetes`: pods of the KubernetesExecutor.

mod cleanup_pods;
mod generate_dag_yaml;

use clap::Subcommand;

use super::Context;
use crate::error::CliError;

/// Commands of `kubernetes`.
#[derive(Subcommand, Debug)]
pub enum KubernetesCommand {
    /// Delete pods of tasks that are over, were evicted or never began
    CleanupPods(cleanup_pods::CleanupPodsArgs),
    /// Write the pods that a DAG's tasks would get, as YAML
    GenerateDagYaml(generate_dag_yaml::GenerateDagYamlArgs),
}

pub async fn run(command: KubernetesCommand, context: &Context) -> Result<(), CliError> {
    match command {
        KubernetesCommand::CleanupPods(args) => cleanup_pods::run(&args, context).await,
        KubernetesCommand::GenerateDagYaml(args) => generate_dag_yaml::run(&args, context).await,
    }
}
