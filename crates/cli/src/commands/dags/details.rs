//! `dags details DAG`: one row for each thing known.

use clap::Args;
use serde_json::Value;

use super::list::COLUMNS;
use crate::commands::Context;
use crate::commands::lookup;
use crate::commands::session::Session;
use crate::error::CliError;
use crate::output::{OutputArgs, Row, print};
use crate::row;

/// Arguments of `dags details`.
#[derive(Args, Debug)]
pub struct DetailsArgs {
    /// The DAG's id
    dag_id: String,
    #[command(flatten)]
    output: OutputArgs,
}

pub async fn run(args: &DetailsArgs, context: &Context) -> Result<(), CliError> {
    let session = Session::open(context).await?;
    let dag = lookup::dag(&session.store, &args.dag_id).await?;
    let tags =
        session.store.tags_of(std::slice::from_ref(&args.dag_id)).await?.remove(&args.dag_id).unwrap_or_default();
    let mut rows: Vec<Row> =
        COLUMNS.iter().map(|(name, value)| row! {"property_name" => name, "property_value" => value(&dag)}).collect();
    rows.push(row! {"property_name" => "catchup", "property_value" => dag.catchup});
    rows.push(row! {"property_name" => "tags", "property_value" => Value::from(tags)});
    rows.push(row! {"property_name" => "start_date", "property_value" => lookup::date(dag.start_date)});
    rows.push(row! {"property_name" => "end_date", "property_value" => lookup::date(dag.end_date)});
    print(args.output.output, &["property_name", "property_value"], rows)
}
