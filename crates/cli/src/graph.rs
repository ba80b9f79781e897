//! Graphs in Graphviz's language: printed, saved, or shown in a terminal that can show pictures.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::Args;

use crate::error::CliError;

/// Where a graph goes.
#[derive(Args, Debug)]
pub struct GraphArgs {
    /// Save the graph in this file: .dot, or what Graphviz's `dot` can draw (.png, .svg, .pdf)
    #[arg(short, long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// Show the graph in the terminal, which must be iTerm2 or another that knows its pictures
    #[arg(long)]
    imgcat: bool,
}

impl GraphArgs {
    /// Saves or shows the graph; prints its text when neither is asked for.
    ///
    /// # Errors
    /// The file cannot be written, or Graphviz is not there.
    pub fn put(&self, graph: &str) -> Result<(), CliError> {
        if let Some(file) = &self.save {
            save(graph, file)?;
        }
        if self.imgcat {
            imgcat(graph)?;
        }
        if self.save.is_none() && !self.imgcat {
            print!("{graph}");
        }
        Ok(())
    }
}

/// Saves a graph in a file, in the format that the file's ending says.
///
/// # Errors
/// The file cannot be written, or Graphviz is not there.
pub fn save(graph: &str, file: &Path) -> Result<(), CliError> {
    let format = file.extension().map(|e| e.to_string_lossy().into_owned()).unwrap_or_default();
    if format.is_empty() {
        return Err(CliError::usage(format!("{} has no ending that says the format", file.display()))
            .hint("end it with .dot, .svg, .png or .pdf"));
    }
    if matches!(format.as_str(), "dot" | "gv") {
        std::fs::write(file, graph)?;
    } else {
        std::fs::write(file, draw(graph, &format)?)?;
    }
    println!("File {} saved", file.display());
    Ok(())
}

/// Shows a graph in the terminal (iTerm2's inline images).
///
/// # Errors
/// Graphviz is not there.
pub fn imgcat(graph: &str) -> Result<(), CliError> {
    let picture = draw(graph, "png")?;
    println!("\x1b]1337;File=inline=1;size={}:{}\x07", picture.len(), base64(&picture));
    Ok(())
}

/// Lets Graphviz draw it.
fn draw(graph: &str, format: &str) -> Result<Vec<u8>, CliError> {
    let started = Command::new("dot").arg(format!("-T{format}")).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut dot = started.map_err(|error| {
        CliError::failed(format!("Graphviz's dot cannot be started: {error}"))
            .hint("install graphviz, or save a .dot file, which needs nothing")
    })?;
    // Written beside the reading: a large graph would fill both pipes.
    let input = dot.stdin.take();
    let text = graph.to_owned();
    let writer = std::thread::spawn(move || input.map(|mut input| input.write_all(text.as_bytes())));
    let output = dot.wait_with_output()?;
    let _ = writer.join();
    match output.status.success() {
        true => Ok(output.stdout),
        false => Err(CliError::failed(format!("Graphviz's dot ended with {}", output.status))),
    }
}

/// A name in quotes.
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let at = |n: usize| u32::from(chunk.get(n).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for (n, shift) in [18, 12, 6, 0].into_iter().enumerate() {
            let letter = char::from(LETTERS[(bits >> shift & 63) as usize]);
            out.push(if n > chunk.len() { '=' } else { letter });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes_as_everybody_does() {
        for (plain, coded) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }

    #[test]
    fn a_file_says_its_format() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("g.dot");
        save("digraph {}\n", &file).unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "digraph {}\n");
        assert_eq!(save("digraph {}\n", &folder.path().join("g")).unwrap_err().code, 2);
    }
}
