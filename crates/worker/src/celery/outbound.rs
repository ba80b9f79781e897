//! What a worker says to its broker, in order, without ever waiting for it.

use std::sync::Arc;

use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use tradewind_celery::{Error, Request, Session, Tag};

/// Something to say.
pub enum Out {
    Ack(Tag),
    GiveBack(Tag),
    Event(&'static str, Value),
    Reply(Box<Request>, Value),
    Window(u32),
    Queues(Vec<String>),
    Flushed(oneshot::Sender<()>),
}

/// The way to the broker of one connection.
pub struct Outbound(mpsc::UnboundedSender<Out>);

impl Outbound {
    /// Begins to send. The receiver hears of the error that ends it.
    pub fn start(session: Arc<dyn Session>, node: String) -> (Self, oneshot::Receiver<Error>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        let (failed, failure) = oneshot::channel();
        tokio::spawn(async move {
            if let Err(error) = send(session, &node, receiver).await {
                let _ = failed.send(error);
            }
        });
        (Self(sender), failure)
    }

    /// Says something as soon as what was said before is out.
    pub fn send(&self, out: Out) {
        let _ = self.0.send(out);
    }

    /// Waits until everything is out, or the connection has failed.
    pub async fn flush(&self) {
        let (done, flushed) = oneshot::channel();
        self.send(Out::Flushed(done));
        let _ = flushed.await;
    }
}

async fn send(session: Arc<dyn Session>, node: &str, mut receiver: mpsc::UnboundedReceiver<Out>) -> Result<(), Error> {
    let mut next = receiver.recv().await;
    while let Some(out) = next.take() {
        match out {
            Out::Ack(_) | Out::Event(..) => {
                // What gathered meanwhile goes at once.
                let (mut done, mut events) = (Vec::new(), Vec::new());
                let mut another = Some(out);
                loop {
                    match another.or_else(|| receiver.try_recv().ok()) {
                        Some(Out::Ack(tag)) => done.push(tag),
                        Some(Out::Event(kind, fields)) => events.push((kind, fields)),
                        other => {
                            next = other;
                            break;
                        }
                    }
                    another = None;
                }
                session.settle(&done, &events).await?;
            }
            Out::GiveBack(tag) => session.give_back(&[tag]).await?,
            Out::Reply(request, answer) => session.reply(&request, node, &answer).await?,
            Out::Window(window) => session.set_window(window).await?,
            Out::Queues(queues) => session.set_queues(&queues).await?,
            Out::Flushed(done) => {
                let _ = done.send(());
            }
        }
        if next.is_none() {
            next = receiver.recv().await;
        }
    }
    Ok(())
}
