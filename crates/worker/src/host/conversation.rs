//! The conversation with one host, root or warm: fork, kill, forked, exited.

use std::collections::{HashMap, VecDeque};
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags};
use tokio::io::Interest;
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{Notify, oneshot};
use tokio_util::sync::{CancellationToken, DropGuard};
use tradewind_protocol::frames::{FromHost, ToHost};

use super::child::{Child, Exit};
use super::frame::{FrameReader, encode};
use super::pipe::pipe;

/// Jobs are numbered through over all hosts, which makes logs easy to read.
static NEXT_JOB: AtomicU64 = AtomicU64::new(1);

/// How long the end of a host's process may lag behind the end of its socket.
const LAST_WORD: Duration = Duration::from_secs(1);

/// A host that can fork. Dropping the last handle closes its socket: the host exits and takes its children with it.
pub struct Host {
    shared: Arc<Shared>,
    modules: Vec<String>,
    _end: DropGuard,
}

struct Shared {
    pid: i32,
    jobs: Mutex<HashMap<u64, Job>>,
    /// Frames that did not fit into the socket at once.
    outbox: Mutex<VecDeque<Frame>>,
    writer: OwnedWriteHalf,
    more: Notify,
    gone: OnceLock<String>,
    closed: CancellationToken,
}

/// What waits for a child to be reaped.
struct Job {
    pid: Arc<AtomicI32>,
    exit: oneshot::Sender<Exit>,
}

struct Frame {
    bytes: Vec<u8>,
    sent: usize,
    descriptors: Vec<OwnedFd>,
}

impl Host {
    /// Takes over a socket on which a host has said `ready`.
    /// `watched`: somebody waits for its process and will say how it ended ([`Host::mark_gone`]).
    pub(super) fn new(
        reader: FrameReader<OwnedReadHalf>,
        writer: OwnedWriteHalf,
        pid: i32,
        modules: Vec<String>,
        watched: bool,
    ) -> Self {
        let shared = Arc::new(Shared {
            pid,
            jobs: Mutex::default(),
            outbox: Mutex::default(),
            writer,
            more: Notify::new(),
            gone: OnceLock::new(),
            closed: CancellationToken::new(),
        });
        let end = CancellationToken::new();
        tokio::spawn(listen(Arc::clone(&shared), reader, end.clone(), watched));
        tokio::spawn(write_late_frames(Arc::clone(&shared), end.clone()));
        Self { shared, modules, _end: end.drop_guard() }
    }

    /// The host's process id.
    pub fn pid(&self) -> i32 {
        self.shared.pid
    }

    /// Files besides the DAG file that a warm host has imported.
    pub(super) fn modules(&self) -> &[String] {
        &self.modules
    }

    /// Why the host cannot fork any more, if so.
    pub fn gone(&self) -> Option<&str> {
        self.shared.gone.get().map(String::as_str)
    }

    /// Waits until a host that could not be told anything is known to be gone.
    pub(super) async fn settle(&self) {
        let _ = tokio::time::timeout(2 * LAST_WORD, self.shared.closed.cancelled()).await;
    }

    /// Cancelled when the host is gone.
    pub(super) fn closed_token(&self) -> CancellationToken {
        self.shared.closed.clone()
    }

    /// Marks the host as gone, for the one who watches its process.
    pub(super) fn mark_gone(&self, why: String) {
        self.shared.end(why);
    }

    /// Children that have not been reaped.
    pub fn children(&self) -> usize {
        self.shared.jobs.lock().expect("jobs").len()
    }

    /// Forks a child for a new job. The child waits for its job on its control socket.
    ///
    /// # Errors
    /// When there are no file descriptors left or the host is gone.
    pub(super) fn fork(self: &Arc<Self>) -> io::Result<Child> {
        let job = NEXT_JOB.fetch_add(1, Ordering::Relaxed);
        let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        let control = UnixStream::from_std(ours)?;
        let (stdout, stdout_end) = pipe()?;
        let (stderr, stderr_end) = pipe()?;
        let (exit_sender, exit) = oneshot::channel();
        let pid = Arc::new(AtomicI32::new(0));
        self.shared.jobs.lock().expect("jobs").insert(job, Job { pid: Arc::clone(&pid), exit: exit_sender });
        if let Some(why) = self.gone() {
            self.shared.jobs.lock().expect("jobs").remove(&job);
            return Err(io::Error::new(io::ErrorKind::BrokenPipe, why.to_owned()));
        }
        self.shared.send(&ToHost::Fork { job }, vec![theirs.into(), stdout_end, stderr_end])?;
        Ok(Child::new(job, Arc::clone(self), control, stdout, stderr, pid, exit))
    }

    /// Signals the process group of a job's child, unless it was reaped.
    pub(super) fn kill(&self, job: u64, signal: i32) {
        if let Err(error) = self.shared.send(&ToHost::Kill { job, signal }, Vec::new()) {
            tracing::debug!(job, signal, %error, "the host is gone, and its children with it");
        }
    }
}

impl Shared {
    /// Sends at once if it can, or leaves the frame to [`write_late_frames`].
    fn send(&self, frame: &ToHost, descriptors: Vec<OwnedFd>) -> io::Result<()> {
        let mut frame = Frame { bytes: encode(frame)?, sent: 0, descriptors };
        let mut outbox = self.outbox.lock().expect("outbox");
        if outbox.is_empty() {
            match frame.send(self.writer.as_ref().as_fd()) {
                Ok(true) => return Ok(()),
                Ok(false) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        outbox.push_back(frame);
        self.more.notify_one();
        Ok(())
    }

    /// Sends what waits.
    fn send_waiting(&self) -> io::Result<()> {
        let mut outbox = self.outbox.lock().expect("outbox");
        while let Some(frame) = outbox.front_mut() {
            if frame.send(self.writer.as_ref().as_fd())? {
                outbox.pop_front();
            }
        }
        Ok(())
    }

    fn take(&self, job: u64) -> Option<Job> {
        self.jobs.lock().expect("jobs").remove(&job)
    }

    fn end(&self, why: String) {
        if self.gone.set(why.clone()).is_err() {
            return;
        }
        let jobs: Vec<Job> = self.jobs.lock().expect("jobs").drain().map(|(_, job)| job).collect();
        for job in jobs {
            let _ = job.exit.send(Exit::host_gone(why.clone()));
        }
        self.closed.cancel();
    }
}

impl Frame {
    /// Sends more of the frame; true when all of it is out. The descriptors travel with the first byte.
    fn send(&mut self, socket: BorrowedFd<'_>) -> io::Result<bool> {
        let parts = [IoSlice::new(&self.bytes[self.sent..])];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(3))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        let borrowed: Vec<BorrowedFd<'_>> = self.descriptors.iter().map(AsFd::as_fd).collect();
        if !borrowed.is_empty() {
            control.push(SendAncillaryMessage::ScmRights(&borrowed));
        }
        self.sent += rustix::net::sendmsg(socket, &parts, &mut control, SendFlags::NOSIGNAL | SendFlags::DONTWAIT)?;
        self.descriptors.clear();
        Ok(self.sent == self.bytes.len())
    }
}

/// Hears what the host says until its socket closes or nobody needs it any more.
async fn listen(shared: Arc<Shared>, mut reader: FrameReader<OwnedReadHalf>, end: CancellationToken, watched: bool) {
    let why = loop {
        let frame = tokio::select! {
            frame = reader.next::<FromHost>() => frame,
            () = end.cancelled() => break "it was retired".to_owned(),
        };
        match frame {
            Ok(Some(FromHost::Forked { job, pid })) => {
                if let Some(job) = shared.jobs.lock().expect("jobs").get(&job) {
                    job.pid.store(pid, Ordering::Relaxed);
                }
            }
            Ok(Some(FromHost::ForkFailed { job, error })) => {
                if let Some(job) = shared.take(job) {
                    let _ = job.exit.send(Exit::fork_failed(error));
                }
            }
            Ok(Some(FromHost::Exited { job, code, signal, max_rss_kb, cpu_ms })) => {
                if let Some(job) = shared.take(job) {
                    let _ = job.exit.send(Exit::reaped(code, signal, max_rss_kb, cpu_ms));
                }
            }
            Ok(Some(other)) => tracing::debug!(pid = shared.pid, ?other, "a frame that means nothing here"),
            Ok(None) => break "it ended".to_owned(),
            Err(error) => break format!("its socket failed: {error}"),
        }
    };
    if watched && !end.is_cancelled() {
        // The one who waits for the process knows better why, in a moment.
        let _ = tokio::time::timeout(LAST_WORD, shared.closed.cancelled()).await;
    }
    shared.end(why);
}

/// Sends the frames that did not fit into the socket at once.
async fn write_late_frames(shared: Arc<Shared>, end: CancellationToken) {
    let work = async {
        loop {
            shared.more.notified().await;
            if let Err(error) = shared.drain_outbox().await {
                return shared.end(format!("its socket failed: {error}"));
            }
        }
    };
    tokio::select! {
        () = work => {}
        () = end.cancelled() => {}
        () = shared.closed.cancelled() => {}
    }
}

impl Shared {
    async fn drain_outbox(&self) -> io::Result<()> {
        loop {
            self.writer.writable().await?;
            // `try_io` tells the reactor when the socket is full again.
            match self.writer.as_ref().try_io(Interest::WRITABLE, || self.send_waiting()) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                sent => return sent,
            }
        }
    }
}
