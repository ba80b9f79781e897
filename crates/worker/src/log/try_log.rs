//! Writes one try's log: `{"timestamp", "level", "event", "logger", …}`, one object a line.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use tradewind_core::Timestamp;

use super::lines::{Line, LineSplitter};
use super::mask::Masker;

/// Bytes of a printed line that are logged; the rest is left out with a note.
const LONGEST_LINE: usize = 64 << 10;
/// Written to the file at the latest when so much has gathered.
const FULL: usize = 32 << 10;

/// Where a printed line came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

impl Stream {
    const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Stdout => ("info", "task.stdout"),
            Self::Stderr => ("error", "task.stderr"),
        }
    }
}

/// An open log. Lines gather in memory until [`TryLog::flush`], which its owner calls whenever nothing more is there
/// to be written at once: so a reader sees every line immediately, and a flood of lines costs few system calls.
pub struct TryLog {
    file: File,
    path: PathBuf,
    buffer: Vec<u8>,
    masker: Masker,
    stdout: LineSplitter,
    stderr: LineSplitter,
    broken: bool,
}

impl TryLog {
    /// Opens (and creates, with its folders) a log, to append to it.
    ///
    /// # Errors
    /// When the file cannot be created or opened.
    pub fn open(path: &Path) -> io::Result<Self> {
        let open = || OpenOptions::new().create(true).append(true).open(path);
        let file = match open() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                std::fs::create_dir_all(path.parent().unwrap_or(Path::new("/")))?;
                open()?
            }
            opened => opened?,
        };
        Ok(Self {
            file,
            path: path.to_owned(),
            buffer: Vec::new(),
            masker: Masker::default(),
            stdout: LineSplitter::new(LONGEST_LINE),
            stderr: LineSplitter::new(LONGEST_LINE),
            broken: false,
        })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Texts that must not appear from here on.
    pub fn add_secrets(&mut self, values: Vec<String>) {
        self.masker.add(values);
    }

    /// The secrets known so far.
    pub fn masker(&self) -> &Masker {
        &self.masker
    }

    /// A line of our own.
    pub fn say(&mut self, at: Timestamp, level: &str, event: &str, fields: &[(&str, Value)]) {
        self.begin(at, level, "tradewind.worker", event);
        for (name, value) in fields {
            field(&mut self.buffer, name, value);
        }
        self.end();
    }

    /// Bytes that the task printed; whole lines are logged.
    pub fn printed(&mut self, at: Timestamp, stream: Stream, bytes: &[u8]) {
        let mut splitter = self.take_splitter(stream);
        splitter.push(bytes, |line| self.line(at, stream, &line));
        self.put_splitter(stream, splitter);
    }

    /// The task prints nothing more: logs what had no line break.
    pub fn printed_all(&mut self, at: Timestamp) {
        for stream in [Stream::Stdout, Stream::Stderr] {
            let mut splitter = self.take_splitter(stream);
            splitter.finish(|line| self.line(at, stream, &line));
            self.put_splitter(stream, splitter);
        }
    }

    /// One printed line.
    pub fn line(&mut self, at: Timestamp, stream: Stream, line: &Line<'_>) {
        let (level, logger) = stream.names();
        let kept = &line.bytes[..line.bytes.len().min(LONGEST_LINE)];
        let cut = line.cut + line.bytes.len() - kept.len();
        let kept = Line { bytes: kept, cut: 0 };
        if cut > 0 {
            let event = format!("{} … ({cut} more bytes of this line are left out)", kept.text());
            self.begin(at, level, logger, &event);
        } else {
            self.begin(at, level, logger, &kept.text());
        }
        self.end();
    }

    /// A record that the task logged.
    pub fn record(&mut self, mut record: Map<String, Value>) {
        let text = |value: Option<Value>, default: &str| match value {
            Some(Value::String(text)) => text,
            Some(Value::Null) | None => default.to_owned(),
            Some(other) => other.to_string(),
        };
        let at = text(record.remove("timestamp"), "");
        let level = text(record.remove("level"), "info");
        let event = text(record.remove("event"), "");
        let logger = text(record.remove("logger"), "root");
        self.begin_at(&at, &level, &logger, &event);
        for (name, mut value) in record {
            self.masker.mask_value(&mut value);
            field(&mut self.buffer, &name, &value);
        }
        self.end();
    }

    /// Writes to the file what has gathered. There is no fsync: a log is worth less than the time it takes.
    pub fn flush(&mut self) {
        if self.buffer.is_empty() {
            return;
        }
        if let Err(error) = self.file.write_all(&self.buffer)
            && !std::mem::replace(&mut self.broken, true)
        {
            tracing::error!(log = %self.path.display(), %error, "lines of a task's log are lost");
        }
        self.buffer.clear();
    }

    fn begin(&mut self, at: Timestamp, level: &str, logger: &str, event: &str) {
        self.begin_at(&at.to_string(), level, logger, event);
    }

    fn begin_at(&mut self, at: &str, level: &str, logger: &str, event: &str) {
        let event = self.masker.mask(event);
        let buffer = &mut self.buffer;
        buffer.extend_from_slice(b"{\"timestamp\":");
        json(buffer, at);
        buffer.extend_from_slice(b",\"level\":");
        json(buffer, level);
        buffer.extend_from_slice(b",\"event\":");
        json(buffer, &event);
        buffer.extend_from_slice(b",\"logger\":");
        json(buffer, logger);
    }

    fn end(&mut self) {
        self.buffer.extend_from_slice(b"}\n");
        if self.buffer.len() >= FULL {
            self.flush();
        }
    }

    fn take_splitter(&mut self, stream: Stream) -> LineSplitter {
        let splitter = match stream {
            Stream::Stdout => &mut self.stdout,
            Stream::Stderr => &mut self.stderr,
        };
        std::mem::replace(splitter, LineSplitter::new(LONGEST_LINE))
    }

    fn put_splitter(&mut self, stream: Stream, splitter: LineSplitter) {
        match stream {
            Stream::Stdout => self.stdout = splitter,
            Stream::Stderr => self.stderr = splitter,
        }
    }
}

impl Drop for TryLog {
    fn drop(&mut self) {
        self.flush();
    }
}

fn field(buffer: &mut Vec<u8>, name: &str, value: &Value) {
    buffer.push(b',');
    json(buffer, name);
    buffer.push(b':');
    json(buffer, value);
}

fn json<T: serde::Serialize + ?Sized>(buffer: &mut Vec<u8>, value: &T) {
    serde_json::to_writer(buffer, value).expect("plain JSON into memory");
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn lines(log: &TryLog) -> Vec<Value> {
        let text = std::fs::read_to_string(log.path()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn writes_json_lines_without_secrets() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = TryLog::open(&folder.path().join("a/b/attempt=1.log")).unwrap();
        let at = Timestamp::from_secs(0);
        log.say(at, "info", "begins", &[("pid", json!(7))]);
        log.add_secrets(vec!["hush".into()]);
        log.printed(at, Stream::Stdout, b"hello hush\nwor");
        log.printed(at, Stream::Stderr, b"oh no");
        log.record(
            json!({"timestamp": "T", "level": "warning", "logger": "x", "event": "hush!", "more": ["hush"]})
                .as_object()
                .unwrap()
                .clone(),
        );
        log.printed(at, Stream::Stdout, b"ld\n");
        log.printed_all(at);
        log.flush();
        let t = "1970-01-01T00:00:00Z";
        assert_eq!(
            lines(&log),
            [
                json!({"timestamp": t, "level": "info", "event": "begins", "logger": "tradewind.worker", "pid": 7}),
                json!({"timestamp": t, "level": "info", "event": "hello ***", "logger": "task.stdout"}),
                json!({"timestamp": "T", "level": "warning", "event": "***!", "logger": "x", "more": ["***"]}),
                json!({"timestamp": t, "level": "info", "event": "world", "logger": "task.stdout"}),
                json!({"timestamp": t, "level": "error", "event": "oh no", "logger": "task.stderr"}),
            ]
        );
    }

    #[test]
    fn a_very_long_line_is_cut_with_a_note() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = TryLog::open(&folder.path().join("l.log")).unwrap();
        log.printed(Timestamp::from_secs(0), Stream::Stdout, &vec![b'x'; 200_000]);
        log.printed_all(Timestamp::from_secs(0));
        log.flush();
        let event = lines(&log)[0]["event"].as_str().unwrap().to_owned();
        assert!(event.len() < LONGEST_LINE + 100);
        assert!(event.ends_with("(134464 more bytes of this line are left out)"), "{}", &event[event.len() - 80..]);
    }

    #[test]
    fn appends_to_what_an_earlier_part_of_the_try_wrote() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("l.log");
        for _ in 0..2 {
            TryLog::open(&path).unwrap().say(Timestamp::from_secs(0), "info", "poke", &[]);
        }
        assert_eq!(std::fs::read_to_string(path).unwrap().lines().count(), 2);
    }
}
