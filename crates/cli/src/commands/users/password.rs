//! Where a password comes from: the command line, made up, or asked for.

use std::io::{IsTerminal, Write};

use clap::Args;

use crate::error::CliError;
use crate::home;

/// The options for it.
#[derive(Args, Debug)]
pub struct PasswordArgs {
    /// The password; asked for when this is left out
    #[arg(short, long, conflicts_with = "use_random_password")]
    password: Option<String>,
    /// Make one up and print it
    #[arg(long)]
    use_random_password: bool,
}

impl PasswordArgs {
    /// Gets it.
    ///
    /// # Errors
    /// There is nobody to ask, or two different answers.
    pub fn get(&self) -> Result<String, CliError> {
        if let Some(password) = &self.password {
            return Ok(password.clone());
        }
        if self.use_random_password {
            let password = home::random_text(16);
            println!("The password is {password}");
            return Ok(password);
        }
        if !std::io::stdin().is_terminal() {
            return Err(CliError::usage("a password is needed and nobody is there to ask")
                .hint("give it with -p, or have one made up with --use-random-password"));
        }
        let first = ask("Password: ")?;
        if first != ask("Repeat for confirmation: ")? {
            return Err(CliError::failed("the passwords differ"));
        }
        Ok(first)
    }
}

/// Reads a line from the terminal without showing it.
fn ask(question: &str) -> Result<String, CliError> {
    print!("{question}");
    std::io::stdout().flush()?;
    // `stty` is where the terminal is; without it the line is shown, which is better than no password.
    let echo = |on: &str| std::process::Command::new("stty").arg(on).status();
    let _ = echo("-echo");
    let mut line = String::new();
    let read = std::io::stdin().read_line(&mut line);
    let _ = echo("echo");
    println!();
    read?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
