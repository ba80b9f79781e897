//! `pools delete POOL`.

use clap::Args;

use crate::commands::Context;
use crate::commands::session::Session;
use crate::error::CliError;
use crate::output::OutputArgs;
use crate::wake;

/// Arguments of `pools delete`.
#[derive(Args, Debug)]
pub struct DeleteArgs {
    /// Its name
    pool: String,
    #[command(flatten)]
    output: OutputArgs,
}

pub async fn run(args: &DeleteArgs, context: &Context) -> Result<(), CliError> {
    let session = Session::open(context).await?;
    let pool = session.store.pool(&args.pool).await?.ok_or_else(|| super::missing(&args.pool))?;
    session.store.delete_pool(&args.pool).await?;
    wake::hint(&session.config);
    super::show(args.output.output, &[pool])
}
