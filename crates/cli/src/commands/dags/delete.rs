//! `dags delete DAG`: forgets a DAG, its versions, runs and their history.

use clap::Args;

use crate::commands::Context;
use crate::commands::lookup;
use crate::commands::session::Session;
use crate::confirm::confirm;
use crate::error::CliError;
use crate::wake;

/// Arguments of `dags delete`.
#[derive(Args, Debug)]
pub struct DeleteArgs {
    /// The DAG's id
    dag_id: String,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

pub async fn run(args: &DeleteArgs, context: &Context) -> Result<(), CliError> {
    let session = Session::open(context).await?;
    let dag = lookup::dag(&session.store, &args.dag_id).await?;
    confirm(
        &format!("This deletes everything that is known about the DAG '{}', with all its runs. Proceed?", dag.dag_id),
        args.yes,
    )?;
    session.store.delete_dag(&dag.dag_id).await?;
    wake::hint(&session.config);
    println!("Removed the DAG '{}'.", dag.dag_id);
    if std::path::Path::new(&dag.fileloc).exists() {
        println!("It comes back when its file is parsed again: {}", dag.fileloc);
    }
    Ok(())
}
