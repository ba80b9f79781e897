//! `config lint`: what the configuration sets and nothing reads, option by option, each with the reason.

use clap::Args;

use crate::config::{Config, Unused};
use crate::error::CliError;
use crate::terminal::{self, Style, paint};

/// Arguments of `config lint`.
#[derive(Args, Debug)]
pub struct LintArgs {
    #[command(flatten)]
    chosen: Chosen,
}

/// Which options are looked at.
#[derive(Args, Debug, Default)]
pub struct Chosen {
    /// Only these sections, separated by commas
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    section: Vec<String>,
    /// Only these options, separated by commas
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    option: Vec<String>,
    /// Not these sections, separated by commas
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    ignore_section: Vec<String>,
    /// Not these options, separated by commas
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    ignore_option: Vec<String>,
}

impl Chosen {
    /// Whether an option is among them.
    pub fn has(&self, section: &str, key: &str) -> bool {
        let named = |names: &[String], name: &str| names.iter().any(|n| n.eq_ignore_ascii_case(name));
        (self.section.is_empty() || named(&self.section, section))
            && (self.option.is_empty() || named(&self.option, key))
            && !named(&self.ignore_section, section)
            && !named(&self.ignore_option, key)
    }
}

pub fn run(args: &LintArgs) -> Result<(), CliError> {
    // Without the warnings of every other command: this one says all of it.
    let config = Config::load()?;
    let mut issues: Vec<String> = Vec::new();
    for (old, new, source) in config.old_names() {
        if args.chosen.has(old.0, old.1) {
            issues.push(format!("{source}: [{}] {} is called [{}] {} now", old.0, old.1, new.0, new.1));
        }
    }
    let unused = config.unused().iter().filter(|unused| args.chosen.has(&unused.section, &unused.key));
    issues.extend(unused.map(Unused::sentence));
    let colours = terminal::stdout_colours();
    if issues.is_empty() {
        println!("{}", paint(Style::Green, &format!("No issues found in {}.", config.file().display()), colours));
        return Ok(());
    }
    println!("Found {} issues:", issues.len());
    for issue in issues {
        println!("  - {}", paint(Style::Yellow, &issue, colours));
    }
    println!("`config update` shows what to change in {}, and --fix changes it.", config.file().display());
    Ok(())
}
