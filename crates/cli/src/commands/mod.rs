//! The commands, one file each, in the folder of their group.

mod assets;
mod backfill;
mod celery;
mod cheat_sheet;
mod completion;
mod config;
mod connections;
mod dags;
mod db;
mod env;
mod info;
mod jobs;
mod kerberos;
mod kubernetes;
pub mod lookup;
mod partitions;
mod plugins;
mod pools;
mod providers;
mod roles;
mod rotate_fernet_key;
mod schedulers;
mod serialized;
pub mod session;
mod state_store;
mod subdir;
mod sync_perm;
mod tasks;
mod user_roles;
mod users;
mod variables;
pub mod version;

use std::time::Instant;

use clap::Subcommand;

use crate::config::Config;
use crate::error::CliError;
use crate::parse::Cli;
use crate::terminal;

/// Every command.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Run everything in one process: the quickest way to start
    Standalone(roles::standalone::StandaloneArgs),
    /// Run the REST API and the web interface
    ApiServer(roles::api_server::ApiServerArgs),
    /// Run a scheduler
    Scheduler(roles::scheduler::SchedulerArgs),
    /// Run a dag-processor, which reads DAG files
    DagProcessor(roles::dag_processor::DagProcessorArgs),
    /// Run a triggerer
    Triggerer(roles::triggerer::TriggererArgs),
    /// Run a worker, which asks an api-server for tasks
    Worker(roles::worker::WorkerArgs),
    /// Run one try and end: what a pod of the KubernetesExecutor does
    #[command(hide = true)]
    RunTry(roles::run_try::RunTryArgs),
    /// Run and look after the workers of the CeleryExecutor
    #[command(subcommand)]
    Celery(celery::CeleryCommand),
    /// List and change DAGs and their runs
    #[command(subcommand)]
    Dags(dags::DagsCommand),
    /// Look after assets: what tasks update and DAGs wait for
    #[command(subcommand)]
    Assets(assets::AssetsCommand),
    /// Make up for dates of the past
    #[command(subcommand)]
    Backfill(backfill::BackfillCommand),
    /// List and change tasks and their instances
    #[command(subcommand)]
    Tasks(tasks::TasksCommand),
    /// Look after variables
    #[command(subcommand)]
    Variables(variables::VariablesCommand),
    /// Look after connections
    #[command(subcommand)]
    Connections(connections::ConnectionsCommand),
    /// Look after pools
    #[command(subcommand)]
    Pools(pools::PoolsCommand),
    /// Look after the partitions of runs
    #[command(subcommand)]
    Partitions(partitions::PartitionsCommand),
    /// Look after what tasks remember
    #[command(subcommand)]
    StateStore(state_store::StateStoreCommand),
    /// Look after accounts
    #[command(subcommand)]
    Users(users::UsersCommand),
    /// Look after roles: what accounts may do
    #[command(subcommand)]
    Roles(user_roles::UserRolesCommand),
    /// Look after the database
    #[command(subcommand)]
    Db(db::DbCommand),
    /// Look after Python environments
    #[command(subcommand)]
    Env(env::EnvCommand),
    /// See what provider packages offer
    #[command(subcommand)]
    Providers(providers::ProvidersCommand),
    /// List the plugins
    Plugins(plugins::PluginsArgs),
    /// Look after running processes
    #[command(subcommand)]
    Jobs(jobs::JobsCommand),
    /// Show the configuration
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Encrypt every secret anew, with the first of the Fernet keys
    RotateFernetKey,
    /// Look after pods of the KubernetesExecutor
    #[command(subcommand)]
    Kubernetes(kubernetes::KubernetesCommand),
    /// Keep a Kerberos ticket fresh
    Kerberos(kerberos::KerberosArgs),
    /// Rights follow roles and DAGs at once; scripts of Airflow 1 and 2 ask for it
    #[command(hide = true)]
    SyncPerm,
    /// Print a script that completes commands in a shell
    Completion(completion::CompletionArgs),
    /// List every command with what it does
    CheatSheet,
    /// Show what runs here
    Info(info::InfoArgs),
    /// Print the version
    Version(version::VersionArgs),
}

/// What every command gets.
pub struct Context {
    /// `tradewind` or `airflow`, for messages.
    pub program: &'static str,
    /// `-v`.
    pub verbose: bool,
}

impl Context {
    /// Reads the configuration, naming misspelt options.
    ///
    /// # Errors
    /// A wrong value: exit code 2.
    pub fn config(&self) -> Result<Config, CliError> {
        let config = Config::load()?;
        config.warnings(self.verbose).iter().for_each(|w| terminal::warn(w));
        Ok(config)
    }
}

/// Runs the command. `began`: when the process did.
///
/// # Errors
/// See [`CliError`].
pub fn run(cli: Cli, program: &'static str, began: Instant) -> Result<(), CliError> {
    let context = Context { program, verbose: cli.verbose };
    match cli.command {
        Command::Standalone(args) => roles::standalone::run(&args, began, &context),
        Command::ApiServer(args) => roles::api_server::run(&args, &context),
        Command::Scheduler(args) => roles::scheduler::run(&args, &context),
        Command::DagProcessor(args) => roles::dag_processor::run(&args, &context),
        Command::Triggerer(args) => roles::triggerer::run(&args, &context),
        Command::Worker(args) => roles::worker::run(&args, &context, false),
        Command::RunTry(args) => roles::run_try::run(&args, &context),
        Command::Celery(command) => celery::run(command, &context),
        Command::Config(command) => config::run(command, &context),
        Command::Env(command) => env::run(command, &context),
        Command::Version(args) => version::run(&args, &context),
        Command::Providers(command) => providers::run(command, &context),
        Command::Plugins(args) => plugins::run(&args, &context),
        Command::Kubernetes(command) => wait_for(kubernetes::run(command, &context)),
        Command::Kerberos(args) => kerberos::run(&args, &context),
        Command::Completion(args) => completion::run(&args, &context),
        Command::CheatSheet => cheat_sheet::run(&context),
        Command::RotateFernetKey => wait_for(rotate_fernet_key::run(&context)),
        Command::SyncPerm => wait_for(sync_perm::run(&context)),
        Command::Partitions(command) => wait_for(partitions::run(command, &context)),
        Command::Dags(command) => wait_for(dags::run(command, &context)),
        Command::Assets(command) => wait_for(assets::run(command, &context)),
        Command::Backfill(command) => wait_for(backfill::run(command, &context)),
        Command::Tasks(command) => wait_for(tasks::run(command, &context)),
        Command::Variables(command) => wait_for(variables::run(command, &context)),
        Command::Connections(command) => wait_for(connections::run(command, &context)),
        Command::Pools(command) => wait_for(pools::run(command, &context)),
        Command::StateStore(command) => wait_for(state_store::run(command, &context)),
        Command::Users(command) => wait_for(users::run(command, &context)),
        Command::Roles(command) => wait_for(user_roles::run(command, &context)),
        Command::Db(command) => wait_for(db::run(command, &context)),
        Command::Jobs(command) => wait_for(jobs::run(command, &context)),
        Command::Info(args) => wait_for(info::run(&args, &context)),
    }
}

/// Runs a command that waits for the database, on this thread alone.
fn wait_for(command: impl Future<Output = Result<(), CliError>>) -> Result<(), CliError> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(command)
}
