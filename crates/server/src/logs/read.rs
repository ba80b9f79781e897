//! One try's log, read in pieces that end with whole lines; what its triggers wrote is put where it belongs.

use std::io;
use std::path::{Path, PathBuf};

use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _, SeekFrom};
use tradewind_protocol::log_path::log_path;
use tradewind_store::read::TiView;

/// So much of a log is in memory at once.
pub const PIECE: usize = 256 * 1024;

/// A line that is longer than this is cut into several.
const LONGEST: usize = 4 * 1024 * 1024;

/// The log of one try: its file, and those beside it that triggerers wrote while it waited.
#[derive(Clone, Debug)]
pub struct LogFile {
    path: PathBuf,
}

/// How far each file of a log was read: the try's own, then those of triggerers in the order of their jobs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Position(pub Vec<u64>);

impl Position {
    fn of(&self, file: usize) -> u64 {
        self.0.get(file).copied().unwrap_or(0)
    }
}

/// Whole lines of a log, in the order of their times.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Piece {
    /// The lines; empty at the end, and when only a part of a line is there.
    pub lines: Vec<u8>,
    /// Where to go on.
    pub next: Position,
}

impl LogFile {
    /// Of a try of a task instance, below the log folder.
    pub fn of(folder: &Path, ti: &TiView, try_number: i32) -> Self {
        Self { path: folder.join(log_path(&ti.dag_id, &ti.run_id, &ti.task_id, ti.map_index, try_number)) }
    }

    /// Where the try's own file lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether there is more than what was read.
    ///
    /// # Errors
    /// The operating system's.
    pub async fn goes_on_after(&self, position: &Position) -> io::Result<bool> {
        for (number, path) in self.files().await?.iter().enumerate() {
            match tokio::fs::metadata(path).await {
                Ok(meta) if meta.len() > position.of(number) => return Ok(true),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }

    /// The lines after a position, about [`PIECE`] bytes of them. With `last`, nothing more will be written, so a part
    /// of a line counts as one.
    ///
    /// # Errors
    /// The operating system's.
    pub async fn lines(&self, position: &Position, last: bool) -> io::Result<Piece> {
        let files = self.files().await?;
        let mut pieces = Vec::with_capacity(files.len());
        for (number, path) in files.iter().enumerate() {
            pieces.push(read(path, position.of(number), last).await?);
        }
        Ok(in_order(position, &pieces))
    }

    /// The try's file first; a triggerer's has `.trigger.<job>.log` after its name.
    async fn files(&self) -> io::Result<Vec<PathBuf>> {
        let mut files = vec![self.path.clone()];
        let (Some(folder), Some(name)) = (self.path.parent(), self.path.file_name().and_then(|name| name.to_str()))
        else {
            return Ok(files);
        };
        let mut entries = match tokio::fs::read_dir(folder).await {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(files),
            Err(error) => return Err(error),
        };
        let mut jobs: Vec<i64> = Vec::new();
        while let Some(entry) = entries.next_entry().await? {
            let beside = entry.file_name();
            let rest = beside.to_str().and_then(|beside| beside.strip_prefix(name));
            let job = rest.and_then(|rest| rest.strip_prefix(".trigger.")?.strip_suffix(".log")?.parse::<i64>().ok());
            jobs.extend(job);
        }
        jobs.sort_unstable();
        files.extend(jobs.into_iter().map(|job| folder.join(format!("{name}.trigger.{job}.log"))));
        Ok(files)
    }
}

/// Lines of one file, and whether more of them are there.
struct Read {
    bytes: Vec<u8>,
    more: bool,
}

async fn read(path: &Path, offset: u64, last: bool) -> io::Result<Read> {
    let mut file = match File::open(path).await {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Read { bytes: Vec::new(), more: false }),
        Err(error) => return Err(error),
    };
    file.seek(SeekFrom::Start(offset)).await?;
    let mut bytes = Vec::new();
    let mut wanted = PIECE;
    loop {
        let before = bytes.len();
        (&mut file).take((wanted - before) as u64).read_to_end(&mut bytes).await?;
        let ended = bytes.len() < wanted;
        if let Some(end) = bytes.iter().rposition(|byte| *byte == b'\n') {
            if !(ended && last) {
                bytes.truncate(end + 1);
            }
            return Ok(Read { bytes, more: !ended });
        }
        if ended {
            if !last {
                bytes.clear();
            }
            return Ok(Read { bytes, more: false });
        }
        if wanted >= LONGEST {
            return Ok(Read { bytes, more: true });
        }
        wanted *= 2;
    }
}

/// Merges lines by their times, as far as it is known that nothing earlier is still to be read.
fn in_order(position: &Position, pieces: &[Read]) -> Piece {
    let mut next = Position((0..pieces.len()).map(|number| position.of(number)).collect());
    let mut rest: Vec<_> = pieces.iter().map(|piece| lines_with_times(&piece.bytes).into_iter().peekable()).collect();
    let mut lines = Vec::with_capacity(pieces.iter().map(|piece| piece.bytes.len()).sum());
    loop {
        let heads = rest.iter_mut().enumerate().filter_map(|(number, lines)| lines.peek().map(|line| (line.0, number)));
        let Some((_, number)) = heads.min() else { break };
        // Several lines without a time belong to the one before them, so a file goes on until another one is earlier.
        if let Some((_, line)) = rest[number].next() {
            if !lines.is_empty() && lines.last() != Some(&b'\n') {
                lines.push(b'\n');
            }
            lines.extend_from_slice(line);
            next.0[number] += line.len() as u64;
        }
        if pieces[number].more && rest[number].peek().is_none() {
            break;
        }
    }
    Piece { lines, next }
}

/// Each line with its end, and its time: that of the line before, if it has none.
fn lines_with_times(bytes: &[u8]) -> Vec<(&[u8], &[u8])> {
    let mut at: &[u8] = b"";
    let time_of = |line: &'_ [u8]| -> Option<usize> {
        let rest = line.strip_prefix(br#"{"timestamp":""#)?;
        rest.iter().position(|byte| *byte == b'"')
    };
    bytes
        .split_inclusive(|byte| *byte == b'\n')
        .map(|line| {
            if let Some(length) = time_of(line) {
                at = &line[14..14 + length];
            }
            (at, line)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn reads_whole_lines_only() {
        let folder = tempfile::tempdir().unwrap();
        let log = LogFile { path: folder.path().join("attempt=1.log") };
        assert_eq!(
            log.lines(&Position::default(), true).await.unwrap(),
            Piece { lines: vec![], next: Position(vec![0]) }
        );
        let long = "x".repeat(PIECE + 10);
        std::fs::write(&log.path, format!("one\ntwo\n{long}\nthr")).unwrap();
        let first = log.lines(&Position::default(), false).await.unwrap();
        assert_eq!(first.lines, b"one\ntwo\n");
        let third = log.lines(&first.next, false).await.unwrap();
        assert_eq!((third.lines.len(), third.next.0[0]), (PIECE + 11, 8 + PIECE as u64 + 11));
        assert_eq!(log.lines(&third.next, false).await.unwrap().lines, b"");
        assert!(log.goes_on_after(&third.next).await.unwrap());
        let end = log.lines(&third.next, true).await.unwrap();
        assert_eq!(end.lines, b"thr");
        assert!(!log.goes_on_after(&end.next).await.unwrap());
    }

    #[tokio::test]
    async fn what_triggers_wrote_stands_where_it_belongs() {
        let folder = tempfile::tempdir().unwrap();
        let log = LogFile { path: folder.path().join("attempt=1.log") };
        let line = |second: u32, text: &str| {
            format!("{{\"timestamp\":\"2024-01-01T00:00:{second:02}Z\",\"event\":\"{text}\"}}\n")
        };
        let before = line(1, "before") + "printed\n";
        std::fs::write(&log.path, before.clone() + &line(9, "after")).unwrap();
        std::fs::write(folder.path().join("attempt=1.log.trigger.10.log"), line(5, "second")).unwrap();
        std::fs::write(folder.path().join("attempt=1.log.trigger.9.log"), line(3, "first")).unwrap();
        std::fs::write(folder.path().join("attempt=10.log.trigger.9.log"), line(3, "of another try")).unwrap();
        let read = log.lines(&Position::default(), true).await.unwrap();
        let expected = before + &line(3, "first") + &line(5, "second") + &line(9, "after");
        assert_eq!(String::from_utf8(read.lines).unwrap(), expected);
        std::fs::write(folder.path().join("attempt=1.log.trigger.11.log"), line(12, "third")).unwrap();
        let more = log.lines(&read.next, true).await.unwrap();
        assert_eq!(String::from_utf8(more.lines).unwrap(), line(12, "third"));
    }
}
