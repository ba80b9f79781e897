//! `pools set POOL SLOTS DESCRIPTION`.

use clap::Args;
use tradewind_store::Pool;

use crate::commands::Context;
use crate::commands::session::Session;
use crate::error::CliError;
use crate::output::OutputArgs;
use crate::wake;

/// Arguments of `pools set`.
#[derive(Args, Debug)]
pub struct SetArgs {
    /// Its name
    pool: String,
    /// How many; -1 for no limit
    #[arg(allow_negative_numbers = true, value_parser = clap::value_parser!(i32).range(-1..))]
    slots: i32,
    /// For people
    description: String,
    /// Deferred tasks keep their slots
    #[arg(long)]
    include_deferred: bool,
    #[command(flatten)]
    output: OutputArgs,
}

pub async fn run(args: &SetArgs, context: &Context) -> Result<(), CliError> {
    let session = Session::open(context).await?;
    let pool = Pool {
        name: args.pool.clone(),
        slots: args.slots,
        description: Some(args.description.clone()),
        include_deferred: args.include_deferred,
    };
    session.store.put_pool(&pool).await?;
    wake::hint(&session.config);
    super::show(args.output.output, &[pool])
}
