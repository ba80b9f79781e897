//! `pools get POOL`.

use clap::Args;

use crate::commands::Context;
use crate::commands::session::Session;
use crate::error::CliError;
use crate::output::OutputArgs;

/// Arguments of `pools get`.
#[derive(Args, Debug)]
pub struct GetArgs {
    /// Its name
    pool: String,
    #[command(flatten)]
    output: OutputArgs,
}

pub async fn run(args: &GetArgs, context: &Context) -> Result<(), CliError> {
    let session = Session::open(context).await?;
    let pool = session.store.pool(&args.pool).await?.ok_or_else(|| super::missing(&args.pool))?;
    super::show(args.output.output, &[pool])
}
