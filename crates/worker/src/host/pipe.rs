//! The reading end of a pipe that a child writes its output to.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::pipe::{PipeFlags, pipe_with};
use tokio::net::unix::pipe::Receiver;

/// The reading end. Neither end is inherited by other processes.
pub struct PipeReader(Receiver);

/// A new pipe: our reading end and the child's (blocking) writing end.
///
/// # Errors
/// When there are no file descriptors left.
pub fn pipe() -> io::Result<(PipeReader, OwnedFd)> {
    let (read, write) = pipe_with(PipeFlags::CLOEXEC)?;
    fcntl_setfl(&read, fcntl_getfl(&read)? | OFlags::NONBLOCK)?;
    Ok((PipeReader(Receiver::from_owned_fd_unchecked(read)?), write))
}

impl PipeReader {
    /// Waits for output; 0 at the end. Cancelling it loses nothing.
    ///
    /// # Errors
    /// When the pipe fails.
    pub async fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            self.0.readable().await?;
            match self.0.try_read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return result,
            }
        }
    }

    /// What the pipe holds right now, without asking the reactor: `None` when there is nothing yet, 0 at the end.
    ///
    /// # Errors
    /// When the pipe fails.
    pub fn read_now(&self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        match rustix::io::read(self.0.as_fd(), buffer) {
            Ok(count) => Ok(Some(count)),
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[tokio::test]
    async fn tells_nothing_yet_from_the_end() {
        let (reader, writer) = pipe().unwrap();
        let mut writer = std::fs::File::from(writer);
        let mut buffer = [0; 8];
        assert_eq!(reader.read_now(&mut buffer).unwrap(), None);
        writer.write_all(b"abc").unwrap();
        assert_eq!(reader.read(&mut buffer).await.unwrap(), 3);
        drop(writer);
        assert_eq!(reader.read(&mut buffer).await.unwrap(), 0);
        assert_eq!(reader.read_now(&mut buffer).unwrap(), Some(0));
    }
}
