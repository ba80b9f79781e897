//! Ends a role well: the first SIGINT or SIGTERM asks, the second does not.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// What the signals that this process got have asked for.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    /// To end when the work at hand is over.
    pub end: CancellationToken,
    /// To end at once.
    pub now: CancellationToken,
}

/// A token that the first signal cancels. A second signal ends the process at once.
///
/// # Errors
/// Signals cannot be listened to.
pub fn on_signal() -> std::io::Result<CancellationToken> {
    let wishes = wishes(false)?;
    Ok(wishes.end)
}

/// For a role whose work takes long: the first signal cancels `end`, the second `now` (SIGQUIT does both), and only
/// one more ends the process without further ado.
///
/// # Errors
/// Signals cannot be listened to.
pub fn on_signals() -> std::io::Result<Wishes> {
    wishes(true)
}

fn wishes(patient: bool) -> std::io::Result<Wishes> {
    let wishes = Wishes::default();
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    // Other roles leave SIGQUIT to the system.
    let mut quit = patient.then(|| signal(SignalKind::quit())).transpose()?;
    let asked = wishes.clone();
    tokio::spawn(async move {
        loop {
            let code = tokio::select! {
                _ = interrupt.recv() => 130,
                _ = terminate.recv() => 143,
                Some(()) = async { quit.as_mut()?.recv().await } => 131,
            };
            let second = asked.end.is_cancelled() || code == 131;
            if second && (!patient || asked.now.is_cancelled()) {
                std::process::exit(code);
            }
            asked.end.cancel();
            if second {
                asked.now.cancel();
            }
        }
    });
    Ok(wishes)
}
