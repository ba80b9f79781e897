//! `config get-value SECTION OPTION`: prints one value.

use clap::Args;

use crate::commands::Context;
use crate::config::options;
use crate::error::CliError;
use crate::suggest::nearest;

/// Arguments of `config get-value`.
#[derive(Args, Debug)]
pub struct GetValueArgs {
    /// Section, such as core
    section: String,
    /// Option, such as dags_folder
    option: String,
}

pub fn run(args: &GetValueArgs, context: &Context) -> Result<(), CliError> {
    let config = context.config()?;
    if let Some(setting) = config.lookup(&args.section, &args.option) {
        println!("{}", setting.text);
        return Ok(());
    }
    let error = CliError::failed(format!("the option [{}] {} is not set anywhere", args.section, args.option));
    let name = |spec: &&options::Spec| format!("{} {}", spec.section, spec.key);
    let names: Vec<String> = options::ALL.iter().map(name).collect();
    let asked = format!("{} {}", args.section.to_lowercase(), args.option.to_lowercase());
    Err(match nearest(&asked, names.iter().map(String::as_str)) {
        Some(near) => error.hint(format!("did you mean: {} config get-value {near}", context.program)),
        None => error.hint(format!("see every option with: {} config list", context.program)),
    })
}
