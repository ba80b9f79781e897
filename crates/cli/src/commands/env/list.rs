//! `env list`: which environments there are, and who uses them.

use clap::Args;

use super::{all, folder_of};
use crate::commands::Context;
use crate::error::CliError;
use crate::output::{OutputArgs, Row, print};
use crate::python_env::{managed, packages_in, prepared};
use crate::row;

/// Arguments of `env list`.
#[derive(Args, Debug)]
pub struct ListArgs {
    #[command(flatten)]
    output: OutputArgs,
}

pub fn run(args: &ListArgs, context: &Context) -> Result<(), CliError> {
    let config = context.config()?;
    let mut rows: Vec<Row> = Vec::new();
    for (name, bundles) in all(&config)? {
        let folder = folder_of(&name, &config);
        let ours = managed(&config, &name);
        let record = ours.as_ref().and_then(|managed| managed.record());
        let interpreter = prepared(&config, &name).map(|env| env.interpreter);
        let interpreter = interpreter.or_else(|| folder.as_ref().map(|folder| folder.join("bin/python")));
        rows.push(row! {
            "name" => name.to_string(),
            "kept_by" => if ours.is_some() { "tradewind" } else { "you" },
            "bundles" => bundles,
            "packages" => folder.map(|folder| packages_in(&folder).len()),
            "requirements" => record.and_then(|record| record.requirements),
            "python" => interpreter,
        });
    }
    print(args.output.output, &["name", "kept_by", "bundles", "packages", "requirements", "python"], rows)
}
