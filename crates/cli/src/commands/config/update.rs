//! `config update`: brings `airflow.cfg` up to date: old names become the new ones, and with `--all-recommendations`
//! lines that nothing reads become comments. Comments and the order of the file stay.

use std::path::{Path, PathBuf};

use clap::Args;

use super::lint::Chosen;
use crate::commands::Context;
use crate::config::rewrite::{self, Change};
use crate::config::{Config, renamed, unused};
use crate::error::CliError;

/// Arguments of `config update`.
#[derive(Args, Debug)]
pub struct UpdateArgs {
    #[command(flatten)]
    chosen: Chosen,
    /// Write the file; without this the changes are only shown
    #[arg(long)]
    fix: bool,
    /// Only show the changes, which is what happens without --fix
    #[arg(long, conflicts_with = "fix")]
    dry_run: bool,
    /// And comment out what nothing reads
    #[arg(long)]
    all_recommendations: bool,
}

pub fn run(args: &UpdateArgs, context: &Context) -> Result<(), CliError> {
    // A file with a wrong value is not touched.
    let config = Config::load()?;
    let path = config.file();
    if !path.exists() {
        return Err(CliError::failed(format!("there is no {}", path.display()))
            .hint(format!("it is made on first start: {} db migrate", context.program)));
    }
    let text = std::fs::read_to_string(path)?;
    let change = |section: &str, key: &str| {
        if !args.chosen.has(section, key) {
            return None;
        }
        // A secret's command goes with the secret.
        let base = key.strip_suffix("_cmd").or_else(|| key.strip_suffix("_secret")).unwrap_or(key);
        if let Some((new_section, new_key)) = renamed(section, base) {
            return Some(Change::Rename(new_section, format!("{new_key}{}", &key[base.len()..])));
        }
        let reason =
            unused::find(section, base).filter(|_| args.all_recommendations && !config.is_option(section, base));
        reason.map(|why| Change::Comment(why.reason()))
    };
    let (new, changes) = rewrite::rewrite(path, &text, &change).map_err(crate::config::Error::from)?;
    if changes.is_empty() {
        println!("No updates needed: {} is up to date.", path.display());
        return Ok(());
    }
    for change in &changes {
        println!("  - {change}");
    }
    if !args.fix {
        println!("Nothing was written. Apply these changes with: {} config update --fix", context.program);
        return Ok(());
    }
    let backup = backup(path)?;
    // Written aside, so that nobody ever sees half a file; it may hold secrets, so its mode stays.
    let aside = path.with_extension(format!("cfg.{}", std::process::id()));
    crate::home::write_private(&aside, &new)?;
    std::fs::set_permissions(&aside, std::fs::metadata(path)?.permissions())?;
    std::fs::rename(&aside, path)?;
    println!("{} is up to date; the file as it was is {}.", path.display(), backup.display());
    Ok(())
}

/// Copies the file beside itself, never over an older copy.
fn backup(path: &Path) -> Result<PathBuf, CliError> {
    let name = |n: u32| {
        let number = if n == 0 { String::new() } else { format!(".{n}") };
        PathBuf::from(format!("{}.bak{number}", path.display()))
    };
    let free = (0..).map(name).find(|path| !path.exists());
    let backup = free.ok_or_else(|| CliError::failed("there are too many copies of the file"))?;
    std::fs::copy(path, &backup)?;
    Ok(backup)
}
