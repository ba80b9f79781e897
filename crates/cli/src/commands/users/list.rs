//! `users list`.

use clap::Args;

use crate::commands::Context;
use crate::commands::session::Session;
use crate::error::CliError;
use crate::output::{OutputArgs, print};
use crate::row;

/// Arguments of `users list`.
#[derive(Args, Debug)]
pub struct ListArgs {
    #[command(flatten)]
    output: OutputArgs,
}

pub async fn run(args: &ListArgs, context: &Context) -> Result<(), CliError> {
    let session = Session::open(context).await?;
    let users = session.store.users().await?;
    let rows = users
        .iter()
        .map(|u| {
            row! {
                "username" => u.username,
                "email" => u.email,
                "first_name" => u.first_name,
                "last_name" => u.last_name,
                "roles" => u.roles.join(", "),
                "active" => u.active,
            }
        })
        .collect();
    print(args.output.output, &["username", "email", "first_name", "last_name", "roles", "active"], rows)
}
