//! Asks before something that cannot be undone.

use std::io::{BufRead, IsTerminal, Write};

use crate::error::CliError;

/// Returns when the answer is yes.
///
/// # Errors
/// Another answer, or nobody to ask.
pub fn confirm(question: &str, yes: bool) -> Result<(), CliError> {
    if yes {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        return Err(CliError::usage(format!("{question} Nobody is there to answer")).hint("say yes with -y"));
    }
    print!("{question} (y/N) ");
    std::io::stdout().flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    match answer.trim().to_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(CliError::failed("cancelled; nothing was changed")),
    }
}
