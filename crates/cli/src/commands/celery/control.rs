//! Remote control of workers through the broker.

use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use serde_json::{Map, Value, json};
use tradewind_celery::{Broker, Request};

use super::Context;
use crate::confirm::confirm;
use crate::error::CliError;
use crate::output::{self, OutputArgs};
use crate::roles::celery;

/// How long workers have to answer; Celery's tools wait as long.
const PATIENCE: Duration = Duration::from_secs(1);

/// Arguments of `celery list-workers`.
#[derive(Args, Debug)]
pub struct ListArgs {
    #[command(flatten)]
    output: OutputArgs,
}

/// A worker.
#[derive(Args, Debug)]
pub struct NodeArgs {
    /// Name of the worker: celery@host
    #[arg(short = 'H', long, value_name = "NAME")]
    celery_hostname: String,
}

/// A worker and queues.
#[derive(Args, Debug)]
pub struct QueueArgs {
    /// Queues, separated by commas
    #[arg(short, long, value_delimiter = ',', required = true, value_name = "NAMES")]
    queues: Vec<String>,
    #[command(flatten)]
    node: NodeArgs,
}

/// Arguments of `celery shutdown-all-workers`.
#[derive(Args, Debug)]
pub struct AllArgs {
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

/// Asks workers, and gives what each answered.
fn ask(context: &Context, requests: &[Request]) -> Result<Vec<Map<String, Value>>, CliError> {
    let config = context.config()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let broker: Arc<dyn Broker> = celery::broker(&config)?;
        let mut answers = Vec::with_capacity(requests.len());
        for request in requests {
            answers.push(broker.ask(request, PATIENCE).await.map_err(|error| celery::broker_error(&error))?);
        }
        Ok(answers)
    })
}

fn node(args: &NodeArgs) -> String {
    celery::node(&args.celery_hostname, &crate::roles::hostname())
}

fn to(method: &str, arguments: Value, node: &str) -> Request {
    Request::new(method, arguments, Some(vec![node.to_owned()]))
}

/// `celery list-workers`.
pub fn list(args: &ListArgs, context: &Context) -> Result<(), CliError> {
    let answers = ask(context, &[Request::new("active_queues", json!({}), None)])?;
    let names = |queues: &Value| {
        let names = queues.as_array().into_iter().flatten().filter_map(|queue| queue["name"].as_str());
        names.collect::<Vec<_>>().join(",")
    };
    let mut rows: Vec<_> = answers.iter().flatten().map(|(worker, queues)| (worker.clone(), names(queues))).collect();
    rows.sort();
    let rows =
        rows.into_iter().map(|(worker, queues)| crate::row! {"worker_name" => worker, "queues" => queues}).collect();
    output::print(args.output.output, &["worker_name", "queues"], rows)
}

/// Asks a worker whether it is there.
fn find(context: &Context, name: &str) -> Result<(), CliError> {
    match ask(context, &[to("ping", json!({}), name)])?.iter().any(|answer| answer.contains_key(name)) {
        true => Ok(()),
        false => {
            Err(CliError::failed(format!("no worker '{name}' answers")).hint("`celery list-workers` says who does"))
        }
    }
}

/// `celery shutdown-worker`.
pub fn shutdown(args: &NodeArgs, context: &Context) -> Result<(), CliError> {
    let name = node(args);
    find(context, &name)?;
    tell(context, to("shutdown", json!({}), &name))?;
    println!("{name} ends when its tasks are over");
    Ok(())
}

/// `celery shutdown-all-workers`.
pub fn shutdown_all(args: &AllArgs, context: &Context) -> Result<(), CliError> {
    confirm("This ends all workers when their tasks are over. Go on?", args.yes)?;
    tell(context, Request::new("shutdown", json!({}), None))?;
    println!("all workers end when their tasks are over");
    Ok(())
}

/// Sends what nobody answers.
fn tell(context: &Context, request: Request) -> Result<(), CliError> {
    let config = context.config()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let broker: Arc<dyn Broker> = celery::broker(&config)?;
        broker.tell(&request).await.map_err(|error| celery::broker_error(&error))
    })
}

/// `celery add-queue` and `celery remove-queue`.
pub fn queues(method: &str, args: &QueueArgs, context: &Context) -> Result<(), CliError> {
    change(method, &args.queues, &node(&args.node), context)
}

fn change(method: &str, queues: &[String], name: &str, context: &Context) -> Result<(), CliError> {
    let requests: Vec<Request> = queues.iter().map(|queue| to(method, json!({"queue": queue}), name)).collect();
    for answer in ask(context, &requests)? {
        match answer.get(name).map(|said| (&said["ok"], &said["error"])) {
            Some((Value::String(ok), _)) => println!("{name}: {ok}"),
            Some((_, error)) => return Err(CliError::failed(format!("{name}: {error}"))),
            None => {
                return Err(
                    CliError::failed(format!("no worker '{name}' answers")).hint("`celery list-workers` says who does")
                );
            }
        }
    }
    Ok(())
}

/// `celery remove-all-queues`.
pub fn no_queues(args: &NodeArgs, context: &Context) -> Result<(), CliError> {
    let name = node(args);
    let answers = ask(context, &[to("active_queues", json!({}), &name)])?;
    let Some(served) = answers.iter().find_map(|answer| answer.get(&name)) else {
        return Err(CliError::failed(format!("no worker '{name}' answers")).hint("`celery list-workers` says who does"));
    };
    let names = served.as_array().into_iter().flatten().filter_map(|queue| queue["name"].as_str().map(str::to_owned));
    change("cancel_consumer", &names.collect::<Vec<_>>(), &name, context)
}
