//! `dags test DAG`: runs a DAG here and now, without scheduler, and without a trace in the database.

use std::path::PathBuf;

use clap::Args;
use tradewind_core::{RunState, TaskState, Timestamp};
use tradewind_protocol::SerializedDag;

use crate::commands::Context;
use crate::commands::session::{Session, must_exist};
use crate::commands::subdir::Place;
use crate::error::CliError;
use crate::output::{Format, print};
use crate::terminal::{self, Style, paint};
use crate::trial::{self, Outcome, Trial};
use crate::{graph, roles, row};

/// Arguments of `dags test`.
#[derive(Args, Debug)]
pub struct TestArgs {
    /// The DAG's id
    dag_id: String,
    /// Logical date of the run [default: now]
    logical_date: Option<Timestamp>,
    /// The file that has the DAG
    #[arg(short = 'f', long, value_name = "FILE")]
    dagfile_path: Option<PathBuf>,
    /// Configuration of the run, a JSON object
    #[arg(short, long, value_name = "JSON")]
    conf: Option<String>,
    /// Tasks whose id matches this regular expression succeed without running
    #[arg(long, value_name = "REGEX")]
    mark_success_pattern: Option<String>,
    /// Print the graph of the run, coloured by how each task ended
    #[arg(long)]
    show_dagrun: bool,
    /// Save that graph in this file
    #[arg(long, value_name = "FILE")]
    save_dagrun: Option<PathBuf>,
    /// Show that graph in the terminal
    #[arg(long)]
    imgcat_dagrun: bool,
    /// A trial always uses the real scheduler and the executor of this machine
    #[arg(long, hide = true)]
    use_executor: bool,
    #[command(flatten)]
    place: Place,
}

pub async fn run(args: TestArgs, context: &Context) -> Result<(), CliError> {
    let shutdown = roles::on_signal()?;
    let config = context.config()?;
    let conf = super::trigger::conf(args.conf.as_deref())?;
    let hosts = trial::hosts(&config).await?;
    let real = match must_exist(&config, context.program) {
        Ok(()) => Some(Session::open(context).await?.store),
        Err(_) => None,
    };
    let mut found = trial::find(&config, &hosts, real.as_ref(), &args.dag_id, args.dagfile_path.as_deref()).await?;
    args.place.accepts(&args.dag_id, &found.bundle.name)?;
    if let Some(text) = &args.mark_success_pattern {
        let pattern = regex::Regex::new(text)
            .map_err(|error| CliError::usage(format!("'{text}' is no regular expression: {error}")))?;
        // A task that has nothing to do succeeds as soon as it may run.
        for task in found.dag.tasks.iter_mut().filter(|t| pattern.is_match(&t.task_id)) {
            task.lane = tradewind_protocol::serialized_dag::LaneSpec::Empty;
        }
    }
    let dag = found.dag.clone();
    let trial = Trial {
        found,
        logical_date: args.logical_date.unwrap_or_else(roles::now),
        run_id: None,
        conf,
        real,
        quiet: false,
    };
    let outcome = trial::run(&config, &hosts, trial, shutdown).await?;
    draw(&args, &dag, &outcome)?;
    report(&args.dag_id, &outcome)
}

/// Shows the graph of the run as it was asked for.
fn draw(args: &TestArgs, dag: &SerializedDag, outcome: &Outcome) -> Result<(), CliError> {
    let colour = |task_id: &str| {
        let states = outcome.tasks.iter().filter(|ti| ti.task_id == task_id).filter_map(|ti| ti.state);
        // Of a mapped task, the worst.
        states.min_by_key(|state| !matches!(state, TaskState::Failed | TaskState::UpstreamFailed)).map(|state| {
            match state {
                TaskState::Success => "lightgreen",
                TaskState::Failed => "tomato",
                TaskState::UpstreamFailed => "orange",
                TaskState::Skipped => "pink",
                _ => "lightgrey",
            }
        })
    };
    let graph = super::graph(dag, colour);
    if args.show_dagrun {
        print!("{graph}");
    }
    if let Some(file) = &args.save_dagrun {
        graph::save(&graph, file)?;
    }
    if args.imgcat_dagrun {
        graph::imgcat(&graph)?;
    }
    Ok(())
}

/// Says how each task ended, and fails if the run did.
fn report(dag_id: &str, outcome: &Outcome) -> Result<(), CliError> {
    println!();
    let rows = outcome
        .tasks
        .iter()
        .map(|ti| {
            let took = ti.start_date.zip(ti.end_date).map(|(a, b)| format!("{:.3}", (b - a).as_secs_f64()));
            row! {
                "task_id" => match ti.map_index { -1 => ti.task_id.clone(), n => format!("{}[{n}]", ti.task_id) },
                "state" => ti.state.map(TaskState::as_str),
                "tries" => ti.try_number,
                "seconds" => took,
                "reason" => ti.reason,
            }
        })
        .collect();
    print(Format::Table, &["task_id", "state", "tries", "seconds", "reason"], rows)?;
    if let (true, Some(date)) = (outcome.tasks.is_empty(), outcome.run.logical_date) {
        eprintln!(
            "The run had no tasks: its logical date, {date}, is before the start_date or is after the end_date of the DAG \
             or of all its tasks. Name another date: `dags test {dag_id} DATE`."
        );
    }
    let colours = terminal::stdout_colours();
    match outcome.run.state {
        RunState::Success => {
            println!("\nDAG {dag_id}: {}", paint(Style::Green, "success", colours));
            Ok(())
        }
        RunState::Failed => Err(CliError::failed(format!("the run of '{dag_id}' failed"))),
        _ => Err(CliError::failed("interrupted")),
    }
}
