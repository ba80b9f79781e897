//! `providers`: what the installed provider packages offer.

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use super::Context;
use crate::ask::ask;
use crate::error::CliError;
use crate::output::{OutputArgs, print};

/// Commands of the group.
#[derive(Subcommand, Debug)]
pub enum ProvidersCommand {
    /// List API auth backends of providers
    #[command(hide = true)]
    Auth(ListArgs),
    /// List auth managers of providers
    AuthManagers(ListArgs),
    /// List connection types whose forms differ from the usual one
    Behaviours(ListArgs),
    /// List options that providers add
    Configs(ListArgs),
    /// List executors of providers
    Executors(ListArgs),
    /// Show one provider
    Get(GetArgs),
    /// List the hooks of connection types
    Hooks(ListArgs),
    /// Check that providers are loaded when they are needed, and not before
    LazyLoaded,
    /// List operator links of providers
    Links(ListArgs),
    /// List the installed providers
    List(ListArgs),
    /// List log handlers of providers
    Logging(ListArgs),
    /// List notifiers of providers
    Notifications(ListArgs),
    /// List message queues of providers
    Queues(ListArgs),
    /// List secrets backends of providers
    Secrets(ListArgs),
    /// List triggers of providers
    Triggers(ListArgs),
    /// List fields that providers add to connection forms
    Widgets(ListArgs),
}

/// Arguments of all but `get`.
#[derive(Args, Debug)]
pub struct ListArgs {
    #[command(flatten)]
    output: OutputArgs,
}

/// Arguments of `providers get`.
#[derive(Args, Debug)]
pub struct GetArgs {
    /// The name of its distribution, such as apache-airflow-providers-http
    provider_name: String,
    /// Everything that it says about itself
    #[arg(short, long)]
    full: bool,
    /// When to use colours; there are none
    #[arg(long, value_enum, hide = true)]
    color: Option<Colour>,
    #[command(flatten)]
    output: OutputArgs,
}

/// Airflow's words.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Colour {
    On,
    Off,
    Auto,
}

pub fn run(command: ProvidersCommand, context: &Context) -> Result<(), CliError> {
    use ProvidersCommand as C;
    let (question, args) = match command {
        C::Get(args) => return get(&args, context),
        C::LazyLoaded => {
            println!("All ok: the command line imports no provider.");
            return Ok(());
        }
        C::Auth(args) => ("auth", args),
        C::AuthManagers(args) => ("auth-managers", args),
        C::Behaviours(args) => ("behaviours", args),
        C::Configs(args) => ("configs", args),
        C::Executors(args) => ("executors", args),
        C::Hooks(args) => ("hooks", args),
        C::Links(args) => ("links", args),
        C::List(args) => ("list", args),
        C::Logging(args) => ("logging", args),
        C::Notifications(args) => ("notifications", args),
        C::Queues(args) => ("queues", args),
        C::Secrets(args) => ("secrets", args),
        C::Triggers(args) => ("triggers", args),
        C::Widgets(args) => ("widgets", args),
    };
    show(context, question, &json!({}), args.output)
}

fn get(args: &GetArgs, context: &Context) -> Result<(), CliError> {
    // Colours would be of a table only, and those have none.
    let _colour = args.color;
    show(context, "get", &json!({"provider_name": args.provider_name, "full": args.full}), args.output)
}

fn show(context: &Context, question: &str, given: &serde_json::Value, output: OutputArgs) -> Result<(), CliError> {
    let table = ask(&context.config()?, question, given)?;
    let columns = table.columns.clone();
    let names: Vec<&str> = columns.iter().map(String::as_str).collect();
    print(output.output, &names, table.records())
}
