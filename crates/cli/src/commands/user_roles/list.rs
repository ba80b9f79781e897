//! `roles list`.

use std::collections::BTreeMap;

use clap::Args;
use tradewind_server::auth::role::{BUILT_IN, built_in_words};

use crate::commands::Context;
use crate::commands::session::Session;
use crate::error::CliError;
use crate::output::{OutputArgs, print};
use crate::row;

/// Arguments of `roles list`.
#[derive(Args, Debug)]
pub struct ListArgs {
    /// Show what each may do
    #[arg(short, long)]
    permission: bool,
    #[command(flatten)]
    output: OutputArgs,
}

pub async fn run(args: &ListArgs, context: &Context) -> Result<(), CliError> {
    let session = Session::open(context).await?;
    let mut names: Vec<String> = BUILT_IN.iter().map(|name| (*name).to_owned()).collect();
    names.extend(session.store.own_roles().await?);
    names.sort();
    if !args.permission {
        let rows = names.into_iter().map(|name| row! { "name" => name }).collect();
        return print(args.output.output, &["name"], rows);
    }
    let mut additions = session.store.role_permissions().await?;
    let mut rows = Vec::new();
    for name in names {
        let mut by_resource: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for permission in built_in_words(&name).into_iter().chain(additions.remove(&name).unwrap_or_default()) {
            by_resource.entry(permission.resource).or_default().push(permission.action);
        }
        for (resource, mut actions) in by_resource {
            actions.sort();
            actions.dedup();
            rows.push(row! { "name" => name, "resource" => resource, "action" => actions.join(",") });
        }
    }
    print(args.output.output, &["name", "resource", "action"], rows)
}
