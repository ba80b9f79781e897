//! Following a log while it grows.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use futures::Stream;
use tokio_util::sync::CancellationToken;

use super::read::{LogFile, Position};

/// How often a log that somebody watches is looked at. Asking for a file's length costs microseconds, and works on
/// network file systems, where change notifications don't.
const LOOK: Duration = Duration::from_millis(100);

/// The log's lines from a position on as they come, until `over` says that the try is over and everything of it was
/// read. `over` is asked before each look, so that nothing that was written before the end is missed.
pub fn follow<F>(
    log: LogFile,
    from: Position,
    closing: CancellationToken,
    over: impl Fn() -> F + Send + 'static,
) -> impl Stream<Item = io::Result<Bytes>> + Send
where
    F: Future<Output = bool> + Send,
{
    let start = Some((log, from, over, closing));
    futures::stream::unfold(start, |state| async move {
        let (log, from, over, closing) = state?;
        let mut looks = 0u32;
        loop {
            // The database is asked once a second: the end of a try is not urgent for somebody who reads its log.
            let last = looks.is_multiple_of(10) && over().await;
            let piece = match log.lines(&from, last).await {
                Ok(piece) => piece,
                Err(error) => return Some((Err(error), None)),
            };
            if !piece.lines.is_empty() {
                return Some((Ok(Bytes::from(piece.lines)), Some((log, piece.next, over, closing))));
            }
            if last {
                return None;
            }
            looks += 1;
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = closing.cancelled() => return None,
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use futures::StreamExt as _;
    use tradewind_core::Timestamp;
    use tradewind_store::read::TiView;

    use super::*;

    fn ti() -> TiView {
        TiView {
            id: 1,
            run_key: 1,
            dag_id: "d".into(),
            task_id: "t".into(),
            map_index: -1,
            state: None,
            try_number: 1,
            max_tries: 0,
            scheduled_at: None,
            queued_at: None,
            start_date: None,
            end_date: None,
            retry_at: None,
            operator: String::new(),
            pool: String::new(),
            pool_slots: 1,
            queue: String::new(),
            priority: 1,
            executor: None,
            hostname: None,
            pid: None,
            note: None,
            reason: None,
            max_rss_kb: None,
            cpu_ms: None,
            rendered_map_index: None,
            rendered_fields: None,
            fence: 0,
            updated_at: Timestamp::from_secs(0),
            run_id: "r".into(),
            logical_date: None,
            run_after: Timestamp::from_secs(0),
            dag_version_id: None,
            version_number: None,
            version_bundle: None,
            bundle_version: None,
            version_created_at: None,
            dag_display_name: "d".into(),
        }
    }

    fn append(path: &Path, text: &str) {
        use std::io::Write as _;
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    #[tokio::test]
    async fn gives_lines_as_they_come_and_ends_with_the_try() {
        let folder = tempfile::tempdir().unwrap();
        let log = LogFile::of(folder.path(), &ti(), 1);
        let path = log.path().to_owned();
        let ended = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&ended);
        let lines = follow(log, Position::default(), CancellationToken::new(), move || {
            let ended = seen.load(Ordering::SeqCst);
            async move { ended }
        });
        let mut lines = Box::pin(lines);
        append(&path, "one\n");
        assert_eq!(lines.next().await.unwrap().unwrap(), "one\n");
        append(&path, "two\nthr");
        assert_eq!(lines.next().await.unwrap().unwrap(), "two\n");
        append(&path, "ee");
        ended.store(true, Ordering::SeqCst);
        assert_eq!(lines.next().await.unwrap().unwrap(), "three");
        assert!(lines.next().await.is_none());
    }
}
