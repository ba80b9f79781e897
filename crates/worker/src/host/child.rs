//! A forked child: its control socket, its output, its end.

use std::fmt;
use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use rustix::net::{RecvFlags, SendFlags};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::oneshot;

use super::conversation::Host;
use super::frame::{FrameReader, encode};
use super::pipe::PipeReader;

/// A child of a host. It keeps its host alive, because a host that goes takes its children with it.
pub struct Child {
    /// Our number of its job.
    pub job: u64,
    /// Frames from and to the child.
    pub control: Control,
    /// What it prints.
    pub stdout: PipeReader,
    /// What it complains.
    pub stderr: PipeReader,
    /// Its end; keep the receiver to wait for it.
    pub exit: oneshot::Receiver<Exit>,
    pid: Arc<AtomicI32>,
    host: Arc<Host>,
}

impl Child {
    pub(super) fn new(
        job: u64,
        host: Arc<Host>,
        control: UnixStream,
        stdout: PipeReader,
        stderr: PipeReader,
        pid: Arc<AtomicI32>,
        exit: oneshot::Receiver<Exit>,
    ) -> Self {
        Self { job, control: Control::new(control), stdout, stderr, exit, pid, host }
    }

    /// Signals the child's process group, unless the child was reaped.
    pub fn kill(&self, signal: i32) {
        self.host.kill(self.job, signal);
    }

    /// The process id, once the host has said it.
    pub fn pid(&self) -> Option<i32> {
        Some(self.pid.load(Ordering::Relaxed)).filter(|pid| *pid != 0)
    }

    /// The host that forked it.
    pub fn host(&self) -> &Arc<Host> {
        &self.host
    }
}

/// Both directions of a child's control socket. Frames to the child queue up here and go out while
/// [`Control::next`] waits, so that neither side can block the other.
pub struct Control {
    reader: FrameReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
    out: Vec<u8>,
    sent: usize,
}

impl Control {
    fn new(stream: UnixStream) -> Self {
        let (reader, writer) = stream.into_split();
        Self { reader: FrameReader::new(reader), writer, out: Vec::new(), sent: 0 }
    }

    /// Queues a frame and sends what fits at once.
    ///
    /// # Errors
    /// When the frame is too long. A child that is gone is noticed when reading.
    pub fn send<T: Serialize>(&mut self, frame: &T) -> io::Result<()> {
        let bytes = encode(frame)?;
        if self.out.is_empty() {
            self.out = bytes;
        } else {
            self.out.extend_from_slice(&bytes);
        }
        // Straight to the kernel: the reactor does not know yet that a new socket is writable.
        let socket = self.writer.as_ref().as_fd();
        if let Ok(count) = rustix::net::send(socket, &self.out[self.sent..], SendFlags::NOSIGNAL | SendFlags::DONTWAIT)
        {
            self.advance(count);
        }
        Ok(())
    }

    /// The next frame, or `None` when the child has closed its end. Cancelling it loses nothing.
    ///
    /// # Errors
    /// When the child does not speak frames.
    pub async fn next<T: DeserializeOwned>(&mut self) -> io::Result<Option<T>> {
        while !self.out.is_empty() {
            tokio::select! {
                biased;
                frame = self.reader.next() => return frame,
                count = self.writer.write(&self.out[self.sent..]) => match count {
                    Ok(count) => self.advance(count),
                    // The child does not read any more; what it said before still counts.
                    Err(_) => self.advance(usize::MAX),
                },
            }
        }
        self.reader.next().await
    }

    /// A frame that is here already, in our buffer or in the socket. For a child that has ended: a process that it left
    /// behind may hold its end of the socket open.
    ///
    /// # Errors
    /// When the child does not speak frames.
    pub fn next_now<T: DeserializeOwned>(&mut self) -> io::Result<Option<T>> {
        let mut bytes = [0; 8192];
        loop {
            if let Some(frame) = self.reader.buffered()? {
                return Ok(Some(frame));
            }
            match rustix::net::recv(self.writer.as_ref().as_fd(), &mut bytes, RecvFlags::DONTWAIT) {
                Ok((0, _)) | Err(_) => return Ok(None),
                Ok((count, _)) => self.reader.feed(&bytes[..count]),
            }
        }
    }

    /// A frame that is in our buffer already.
    ///
    /// # Errors
    /// When the child does not speak frames.
    pub fn buffered<T: DeserializeOwned>(&mut self) -> io::Result<Option<T>> {
        self.reader.buffered()
    }

    fn advance(&mut self, count: usize) {
        self.sent = self.sent.saturating_add(count);
        if self.sent >= self.out.len() {
            self.out = Vec::new();
            self.sent = 0;
        }
    }

    pub(super) fn into_halves(self) -> (FrameReader<OwnedReadHalf>, OwnedWriteHalf) {
        (self.reader, self.writer)
    }
}

/// How a child ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exit {
    /// The way it ended.
    pub how: How,
    /// Peak resident memory, if known.
    pub max_rss_kb: Option<i64>,
    /// User and system time, if known.
    pub cpu_ms: Option<i64>,
}

/// The way a process ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    /// It exited.
    Code(i32),
    /// A signal ended it.
    Signal(i32),
    /// It never was: the fork failed.
    ForkFailed(String),
    /// Its host went and took it along.
    HostGone(String),
}

impl Exit {
    pub(super) fn reaped(code: Option<i32>, signal: Option<i32>, max_rss_kb: i64, cpu_ms: i64) -> Self {
        let how = match (code, signal) {
            (_, Some(signal)) => How::Signal(signal),
            (code, None) => How::Code(code.unwrap_or(-1)),
        };
        Self { how, max_rss_kb: Some(max_rss_kb), cpu_ms: Some(cpu_ms) }
    }

    pub(super) fn fork_failed(error: String) -> Self {
        Self { how: How::ForkFailed(error), max_rss_kb: None, cpu_ms: None }
    }

    pub(super) fn host_gone(why: String) -> Self {
        Self { how: How::HostGone(why), max_rss_kb: None, cpu_ms: None }
    }
}

impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::Signal(signal) => write!(f, "killed by {}", signal_name(*signal)),
            Self::ForkFailed(error) => write!(f, "the python host could not fork: {error}"),
            Self::HostGone(why) => write!(f, "the python host that ran it is gone: {why}"),
        }
    }
}

/// `SIGKILL` for 9, and so on.
pub fn signal_name(signal: i32) -> String {
    const NAMES: [&str; 31] = [
        "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM",
        "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF",
        "WINCH", "IO", "PWR", "SYS",
    ];
    match usize::try_from(signal - 1).ok().and_then(|n| NAMES.get(n)) {
        Some(name) => format!("SIG{name}"),
        None => format!("signal {signal}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_how_a_process_ended() {
        assert_eq!(Exit::reaped(Some(3), None, 0, 0).how.to_string(), "exit code 3");
        assert_eq!(Exit::reaped(None, Some(9), 0, 0).how.to_string(), "killed by SIGKILL");
        assert_eq!(Exit::reaped(None, Some(11), 0, 0).how.to_string(), "killed by SIGSEGV");
        assert_eq!(signal_name(40), "signal 40");
    }
}
