//! Logs of tries: where they lie, reading them in pieces, following them while they grow.

mod follow;
mod read;

use std::io;
use std::path::PathBuf;

use tradewind_protocol::task_api::LOG_END;

pub use follow::follow;
pub use read::{LogFile, PIECE, Piece, Position};

/// Appends bytes that begin at `offset` of the log, creating it and its folders. What is there already is left as it
/// is, so that repeating a piece is harmless; [`LOG_END`] puts them behind whatever is there.
///
/// # Errors
/// The operating system's; `InvalidInput` if bytes before `offset` are missing.
pub async fn append(path: PathBuf, offset: u64, bytes: Vec<u8>) -> io::Result<()> {
    let write = move || {
        use std::io::Write as _;
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(&path)?;
        if offset == LOG_END {
            return file.write_all(&bytes);
        }
        let present = file.metadata()?.len();
        if offset > present {
            let message = format!("the log has {present} bytes, so a piece that begins at {offset} leaves a gap");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        let known = usize::try_from(present - offset).unwrap_or(usize::MAX);
        match bytes.get(known..) {
            Some(new) if !new.is_empty() => file.write_all(new),
            _ => Ok(()),
        }
    };
    tokio::task::spawn_blocking(write).await.map_err(io::Error::other)?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn appending_a_piece_again_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dag_id=d/attempt=1.log");
        for (offset, piece) in [(0, "one\n"), (0, "one\n"), (0, "one\ntwo\n"), (4, "two\nthree\n")] {
            append(path.clone(), offset, piece.into()).await.unwrap();
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "one\ntwo\nthree\n");
        append(path.clone(), LOG_END, "of a later part\n".into()).await.unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "one\ntwo\nthree\nof a later part\n");
        let gap = append(path, 100, b"x".to_vec()).await.unwrap_err();
        assert_eq!(gap.kind(), io::ErrorKind::InvalidInput);
    }
}
