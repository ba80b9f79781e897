//! Cuts a stream of bytes into lines.

use std::borrow::Cow;
use std::fmt::Write;

/// A line.
#[derive(Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// Its bytes without the line break, at most as many as the splitter keeps.
    pub bytes: &'a [u8],
    /// How many bytes were left out at its end.
    pub cut: usize,
}

impl Line<'_> {
    /// Its text without white space at its end; bytes that are not UTF-8 as `\xNN`.
    pub fn text(&self) -> Cow<'_, str> {
        match decode(self.bytes) {
            Cow::Borrowed(text) => Cow::Borrowed(text.trim_end()),
            Cow::Owned(text) => Cow::Owned(text.trim_end().to_owned()),
        }
    }
}

/// Bytes as text; those that are not UTF-8 as `\xNN`.
pub fn decode(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => {
            let mut text = String::with_capacity(bytes.len() + 16);
            for chunk in bytes.utf8_chunks() {
                text.push_str(chunk.valid());
                for byte in chunk.invalid() {
                    let _ = write!(text, "\\x{byte:02x}");
                }
            }
            Cow::Owned(text)
        }
    }
}

/// Keeps the beginning of a line whose end has not come yet.
#[derive(Debug)]
pub struct LineSplitter {
    pending: Vec<u8>,
    cut: usize,
    longest: usize,
}

impl LineSplitter {
    /// A splitter that keeps `longest` bytes of a line.
    pub fn new(longest: usize) -> Self {
        Self { pending: Vec::new(), cut: 0, longest }
    }

    /// Takes more bytes and gives every line that is complete now.
    pub fn push(&mut self, mut bytes: &[u8], mut give: impl FnMut(Line<'_>)) {
        while let Some(end) = bytes.iter().position(|b| *b == b'\n') {
            let line = &bytes[..end];
            if self.pending.is_empty() && self.cut == 0 && line.len() <= self.longest {
                give(Line { bytes: line, cut: 0 });
            } else {
                self.keep(line);
                self.finish(&mut give);
            }
            bytes = &bytes[end + 1..];
        }
        self.keep(bytes);
    }

    /// The stream is over: gives the last line if it had no line break.
    pub fn finish(&mut self, mut give: impl FnMut(Line<'_>)) {
        if !self.pending.is_empty() || self.cut > 0 {
            give(Line { bytes: &self.pending, cut: self.cut });
            self.pending.clear();
            self.cut = 0;
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = self.longest.saturating_sub(self.pending.len()).min(bytes.len());
        self.pending.extend_from_slice(&bytes[..room]);
        self.cut += bytes.len() - room;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(parts: &[&[u8]], longest: usize) -> Vec<(String, usize)> {
        let mut splitter = LineSplitter::new(longest);
        let mut lines = Vec::new();
        for part in parts {
            splitter.push(part, |line| lines.push((line.text().into_owned(), line.cut)));
        }
        splitter.finish(|line| lines.push((line.text().into_owned(), line.cut)));
        lines
    }

    #[test]
    fn lines_survive_being_cut_into_pieces() {
        let expected: Vec<(String, usize)> =
            [("one", 0), ("", 0), ("two", 0), ("three", 0)].map(|(t, n)| (t.into(), n)).into();
        assert_eq!(split(&[b"one\n\ntwo\r\nthree"], 100), expected);
        assert_eq!(split(&[b"on", b"e\n", b"\ntw", b"o\r", b"\nthree"], 100), expected);
    }

    #[test]
    fn long_lines_are_cut_and_bytes_are_counted() {
        assert_eq!(split(&[b"abcdef\nxy"], 4), [("abcd".to_owned(), 2), ("xy".to_owned(), 0)]);
        assert_eq!(split(&[b"abc", b"def", b"gh\n"], 4), [("abcd".to_owned(), 4)]);
    }

    #[test]
    fn bytes_that_are_no_text_stay_readable() {
        assert_eq!(split(&[b"caf\xc3\xa9 \xff!\n"], 100), [("café \\xff!".to_owned(), 0)]);
    }
}
