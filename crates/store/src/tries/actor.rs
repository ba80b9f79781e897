//! The actor that commits starts and ends of tries in groups.

use std::collections::HashSet;

use tokio::sync::{mpsc, oneshot};
use tradewind_core::TryId;

use super::{FinishOutcome, FinishTry, StartOutcome, StartTry};
use crate::{Error, Store, Topic};

/// The way to the actor. It starts with the first request and ends when the store is dropped.
#[derive(Debug, Default)]
pub(crate) struct TryActor {
    requests: std::sync::OnceLock<mpsc::Sender<Request>>,
}

/// Requests that wait at most; more than these make their callers wait.
const QUEUE: usize = 4096;
/// Requests in one transaction at most, so that other writers get their turn.
const GROUP: usize = 512;

enum Request {
    Start(StartTry, oneshot::Sender<Result<StartOutcome, Error>>),
    Finish(Box<FinishTry>, oneshot::Sender<Result<FinishOutcome, Error>>),
}

impl Request {
    fn try_id(&self) -> TryId {
        match self {
            Self::Start(start, _) => start.try_id,
            Self::Finish(finish, _) => finish.try_id,
        }
    }
}

impl Store {
    /// A worker wants to run a try: `queued` becomes `running`. At most one caller ever gets
    /// [`StartOutcome::Started`] for a try.
    ///
    /// # Errors
    /// Those of the database. Whether the try was started is then not known; the same request, asked again, is answered as the first was.
    pub async fn start_try(&self, start: StartTry) -> Result<StartOutcome, Error> {
        let (answer, outcome) = oneshot::channel();
        self.request(Request::Start(start, answer)).await?;
        outcome.await.unwrap_or_else(|_| Err(gone()))
    }

    /// Records the end of a try, with what it left behind. Repeating it is harmless.
    ///
    /// # Errors
    /// Those of the database; [`Error::Invalid`] for a state that no try ends in.
    pub async fn finish_try(&self, finish: FinishTry) -> Result<FinishOutcome, Error> {
        finish.check()?;
        let (answer, outcome) = oneshot::channel();
        self.request(Request::Finish(Box::new(finish), answer)).await?;
        outcome.await.unwrap_or_else(|_| Err(gone()))
    }

    async fn request(&self, request: Request) -> Result<(), Error> {
        let requests = self.inner.tries.requests.get_or_init(|| {
            let (sender, receiver) = mpsc::channel(QUEUE);
            // The actor must not keep the store alive: it ends when the last sender is gone.
            tokio::spawn(work(receiver, self.without_actor()));
            sender
        });
        requests.send(request).await.map_err(|_| gone())
    }
}

fn gone() -> Error {
    Error::Invalid("the database was closed while a try was being written".into())
}

async fn work(mut requests: mpsc::Receiver<Request>, store: Store) {
    let mut next: Vec<Request> = Vec::new();
    loop {
        if next.is_empty() {
            match requests.recv().await {
                Some(request) => next.push(request),
                None => return,
            }
        }
        while next.len() < GROUP
            && let Ok(request) = requests.try_recv()
        {
            next.push(request);
        }
        // A group holds each try once: what is asked again about the same try is for the next transaction.
        let mut seen = HashSet::with_capacity(next.len());
        let (group, later) = next.into_iter().partition(|request| seen.insert(request.try_id()));
        next = later;
        commit(&store, group).await;
    }
}

/// Writes a group in one transaction. If that fails, each request gets one of its own, so that one that the
/// database refuses does not take others with it.
async fn commit(store: &Store, group: Vec<Request>) {
    let mut starts = Vec::new();
    let mut finishes = Vec::new();
    let mut start_answers = Vec::new();
    let mut finish_answers = Vec::new();
    for request in group {
        match request {
            Request::Start(start, answer) => {
                starts.push(start);
                start_answers.push(answer);
            }
            Request::Finish(finish, answer) => {
                finishes.push(*finish);
                finish_answers.push(answer);
            }
        }
    }
    match write(store, &starts, &finishes).await {
        Ok((started, finished)) => {
            // Whoever asked may have given up waiting; then nobody hears the answer.
            for (answer, outcome) in start_answers.into_iter().zip(started) {
                let _ = answer.send(Ok(outcome));
            }
            for (answer, outcome) in finish_answers.into_iter().zip(finished) {
                let _ = answer.send(Ok(outcome));
            }
        }
        Err(error) => {
            tracing::debug!(%error, "a group of tries could not be written; each is written alone");
            for (start, answer) in starts.iter().zip(start_answers) {
                let outcome = write(store, std::slice::from_ref(start), &[]).await;
                let _ = answer.send(outcome.and_then(|(started, _)| started.into_iter().next().ok_or_else(gone)));
            }
            for (finish, answer) in finishes.iter().zip(finish_answers) {
                let outcome = write(store, &[], std::slice::from_ref(finish)).await;
                let _ = answer.send(outcome.and_then(|(_, finished)| finished.into_iter().next().ok_or_else(gone)));
            }
        }
    }
}

async fn write(
    store: &Store,
    starts: &[StartTry],
    finishes: &[FinishTry],
) -> Result<(Vec<StartOutcome>, Vec<FinishOutcome>), Error> {
    let mut tx = store.begin().await?;
    let started = tx.start_tries(starts).await?;
    let finished = tx.finish_tries(finishes).await?;
    tx.notify(Topic::Ui);
    if !finishes.is_empty() {
        tx.notify(Topic::Scheduler);
    }
    tx.commit().await?;
    Ok((started, finished))
}
