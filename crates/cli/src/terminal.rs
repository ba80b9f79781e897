//! Colours, only where a person looks: a terminal, and neither `NO_COLOR` nor a dumb terminal.

use std::io::IsTerminal;

/// Whether standard output takes colours.
pub fn stdout_colours() -> bool {
    std::io::stdout().is_terminal() && wanted()
}

/// Whether standard error takes colours.
pub fn stderr_colours() -> bool {
    std::io::stderr().is_terminal() && wanted()
}

fn wanted() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty()) && std::env::var_os("TERM").is_none_or(|t| t != "dumb")
}

/// A way to print text.
#[derive(Clone, Copy)]
pub enum Style {
    /// Something is wrong.
    Red,
    /// Something deserves a look.
    Yellow,
    /// Something is well.
    Green,
    /// A thing to copy: an address, a path.
    Cyan,
    /// A heading.
    Bold,
    /// An aside.
    Dim,
}

/// The text in that style, or as it is.
pub fn paint(style: Style, text: &str, colours: bool) -> String {
    if !colours {
        return text.to_owned();
    }
    let code = match style {
        Style::Red => "1;31",
        Style::Yellow => "1;33",
        Style::Green => "1;32",
        Style::Cyan => "36",
        Style::Bold => "1",
        Style::Dim => "2",
    };
    format!("\x1b[{code}m{text}\x1b[0m")
}

/// One warning line on standard error.
pub fn warn(text: &str) {
    eprintln!("{} {text}", paint(Style::Yellow, "warning:", stderr_colours()));
}
