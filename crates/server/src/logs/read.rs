//! One try's log file, read in pieces that end with whole lines.

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

/// The log of one try.
#[derive(Clone, Debug)]
pub struct LogFile {
    path: PathBuf,
}

impl LogFile {
    /// Of a try of a task instance, below the log folder.
    pub fn of(folder: &Path, ti: &TiView, try_number: i32) -> Self {
        Self { path: folder.join(log_path(&ti.dag_id, &ti.run_id, &ti.task_id, ti.map_index, try_number)) }
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes that it has now; `None` when it does not exist (yet).
    ///
    /// # Errors
    /// The operating system's.
    pub async fn len(&self) -> io::Result<Option<u64>> {
        match tokio::fs::metadata(&self.path).await {
            Ok(meta) => Ok(Some(meta.len())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whole lines from an offset on, about [`PIECE`] bytes of them. Empty at the end, and when only a part of a line
    /// is there. With `last`, nothing more will be written, so a part counts as a line.
    ///
    /// # Errors
    /// The operating system's.
    pub async fn lines(&self, offset: u64, last: bool) -> io::Result<Vec<u8>> {
        let mut file = match File::open(&self.path).await {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
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
                return Ok(bytes);
            }
            if ended {
                if !last {
                    bytes.clear();
                }
                return Ok(bytes);
            }
            if wanted >= LONGEST {
                return Ok(bytes);
            }
            wanted *= 2;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn reads_whole_lines_only() {
        let folder = tempfile::tempdir().unwrap();
        let log = LogFile { path: folder.path().join("attempt=1.log") };
        assert_eq!(log.len().await.unwrap(), None);
        assert_eq!(log.lines(0, true).await.unwrap(), b"");
        let long = "x".repeat(PIECE + 10);
        std::fs::write(&log.path, format!("one\ntwo\n{long}\nthr")).unwrap();
        assert_eq!(log.lines(0, false).await.unwrap(), b"one\ntwo\n");
        let third = log.lines(8, false).await.unwrap();
        assert_eq!(third.len(), PIECE + 11);
        let at = 8 + third.len() as u64;
        assert_eq!(log.lines(at, false).await.unwrap(), b"");
        assert_eq!(log.lines(at, true).await.unwrap(), b"thr");
    }
}
