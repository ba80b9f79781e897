//! `config list`: every option in the form of `airflow.cfg`.

use std::collections::BTreeMap;

use clap::{Args, ValueEnum};

use crate::commands::Context;
use crate::config::options::{ALL, env_var};
use crate::config::{Config, Setting, Source};
use crate::error::CliError;
use crate::suggest::nearest;
use crate::terminal::{self, Style, paint};

/// Arguments of `config list`.
#[derive(Args, Debug)]
pub struct ListArgs {
    /// Only this section
    #[arg(long)]
    section: Option<String>,
    /// When to use colours
    #[arg(long, value_enum, default_value_t)]
    color: Colour,
    /// With what each option does
    #[arg(short = 'd', long)]
    include_descriptions: bool,
    /// With where each value was set
    #[arg(short = 's', long)]
    include_sources: bool,
    /// With the environment variable of each option
    #[arg(short = 'V', long)]
    include_env_vars: bool,
    /// With examples (there are none beyond the defaults)
    #[arg(short = 'e', long, hide = true)]
    include_examples: bool,
    /// Every line a comment, to start a file from
    #[arg(short = 'c', long)]
    comment_out_everything: bool,
    /// Without options of providers (which Tradewind lists only when they are set)
    #[arg(short = 'p', long, hide = true)]
    exclude_providers: bool,
    /// The defaults instead of the values in force
    #[arg(short = 'a', long)]
    defaults: bool,
    /// With the values of secrets
    #[arg(long, conflicts_with = "hide_sensitive")]
    show_values: bool,
    /// Without the values of secrets (the default)
    #[arg(long)]
    hide_sensitive: bool,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Colour {
    On,
    Off,
    #[default]
    Auto,
}

pub fn run(args: &ListArgs, context: &Context) -> Result<(), CliError> {
    let config = context.config()?;
    let colours = match args.color {
        Colour::On => true,
        Colour::Off => false,
        Colour::Auto => terminal::stdout_colours(),
    };
    let sections = collect(args, &config);
    let chosen: Vec<_> = match &args.section {
        None => sections.iter().collect(),
        Some(name) => {
            let found: Vec<_> = sections.iter().filter(|(s, _)| s.as_str() == name.to_lowercase()).collect();
            if found.is_empty() {
                let error = CliError::failed(format!("there is no section [{name}]"));
                let near = nearest(name, sections.iter().map(|(s, _)| s.as_str()));
                return Err(match near {
                    Some(near) => error.hint(format!("did you mean [{near}]?")),
                    None => error,
                });
            }
            found
        }
    };
    let mut out = String::new();
    for (section, lines) in chosen {
        out.push_str(&paint(Style::Bold, &format!("[{section}]"), colours));
        out.push('\n');
        for line in lines {
            out.push_str(&line.text(args, section, colours));
        }
        out.push('\n');
    }
    print!("{out}");
    Ok(())
}

/// One option to print.
struct Line {
    key: String,
    value: String,
    source: Source,
    doc: &'static str,
}

impl Line {
    fn text(&self, args: &ListArgs, section: &str, colours: bool) -> String {
        let mut out = String::new();
        let mut note = |text: &str| out.push_str(&(paint(Style::Dim, &format!("# {text}"), colours) + "\n"));
        if args.include_descriptions && !self.doc.is_empty() {
            note(self.doc);
        }
        if args.include_sources {
            note(&format!("Source: {}", self.source));
        }
        if args.include_env_vars {
            note(&format!("Variable: {}", env_var(section, &self.key)));
        }
        let comment = if args.comment_out_everything { "# " } else { "" };
        let value = self.value.replace('\n', "\n    ");
        out.push_str(format!("{comment}{} = {value}", paint(Style::Cyan, &self.key, colours)).trim_end());
        out.push('\n');
        out
    }
}

/// Our options in their order, then whatever else is set.
fn collect(args: &ListArgs, config: &Config) -> Vec<(String, Vec<Line>)> {
    let hidden = |sensitive: bool, setting: &Setting| {
        if sensitive && !args.show_values && !setting.text.is_empty() {
            "< hidden >".to_owned()
        } else {
            setting.text.clone()
        }
    };
    let mut sections: Vec<(String, Vec<Line>)> = Vec::new();
    let mut add = |section: &str, line: Line| match sections.iter_mut().find(|(s, _)| s == section) {
        Some((_, lines)) => lines.push(line),
        None => sections.push((section.to_owned(), vec![line])),
    };
    for spec in ALL {
        let default = Setting { text: spec.default.to_owned(), source: Source::Default };
        let setting = if args.defaults { &default } else { config.setting(spec) };
        let line = Line {
            key: spec.key.to_owned(),
            value: hidden(spec.sensitive, setting),
            source: setting.source.clone(),
            doc: spec.doc,
        };
        add(spec.section, line);
    }
    if !args.defaults {
        let others: BTreeMap<_, _> = config.others().iter().collect();
        for ((section, key), setting) in others {
            // Nothing says whether an option of somebody else is a secret; such names usually are.
            let secret = ["password", "secret", "token", "key", "conn", "broker_url", "backend"];
            let sensitive = secret.iter().any(|word| key.contains(word));
            let value = hidden(sensitive, setting);
            add(section, Line { key: key.clone(), value, source: setting.source.clone(), doc: "" });
        }
    }
    sections
}
