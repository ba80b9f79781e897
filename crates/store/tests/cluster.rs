//! What workers are told, and pods, on both databases.

use serde_json::json;
use tradewind_core::{Timestamp, TryId};
use tradewind_store::{PODS_KEPT, PodRow};
use tradewind_testkit::stores;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_secs(seconds)
}

fn pod(name: &str, phase: &'static str) -> PodRow {
    PodRow {
        namespace: "jobs".into(),
        name: name.into(),
        try_id: TryId { ti_id: 7, try_number: 1 },
        scheduler_id: 3,
        phase,
        node: None,
        reason: None,
        message: None,
        created_at: at(100),
    }
}

#[tokio::test]
async fn an_order_is_said_until_the_worker_has_obeyed() {
    for store in stores().await {
        let id = store.register_job("WorkerJob", "h", 1, at(10)).await.unwrap();
        store.describe_job(id, &json!({"form": "edge", "obeyed": 0})).await.unwrap();
        assert_eq!(store.heartbeat_worker(id, at(11)).await.unwrap(), None);
        let order = |details, wanted: Option<serde_json::Value>| {
            assert_eq!(wanted, None);
            Some((details, Some(json!({"number": 1}))))
        };
        assert!(store.change_worker(id, order).await.unwrap());
        for second in 12..14 {
            let said = store.heartbeat_worker(id, at(second)).await.unwrap();
            assert_eq!(said.as_deref(), Some("{\"number\":1}"), "it may not have been heard");
        }
        let obeyed = |_, wanted: Option<serde_json::Value>| {
            assert!(wanted.is_some());
            Some((json!({"form": "edge", "obeyed": 1}), None))
        };
        assert!(store.change_worker(id, obeyed).await.unwrap());
        assert_eq!(store.heartbeat_worker(id, at(15)).await.unwrap(), None);
        store.end_job(id, at(16)).await.unwrap();
        assert!(!store.change_worker(id, |_, _| None).await.unwrap(), "it is gone");
        assert!(!store.change_worker(id + 1, |_, _| None).await.unwrap());
    }
}

#[tokio::test]
async fn processes_that_were_lost_are_shown_for_a_while_and_those_that_said_goodbye_are_not() {
    for store in stores().await {
        let mut ids = Vec::new();
        for form in ["edge", "edge", "edge", "single"] {
            let id = store.register_job("WorkerJob", "h", 1, at(10)).await.unwrap();
            store.describe_job(id, &json!({"form": form})).await.unwrap();
            ids.push(id);
        }
        // One that never says what it is: it was made to end a try.
        store.register_job("WorkerJob", "h", 1, at(10)).await.unwrap();
        store.end_job(ids[0], at(20)).await.unwrap();
        store.heartbeat_job(ids[2], at(30)).await.unwrap();
        store.end_silent_jobs("WorkerJob", at(25)).await.unwrap();
        let shown = |rows: Vec<tradewind_store::read::ProcessView>| rows.iter().map(|row| row.id).collect::<Vec<_>>();
        assert_eq!(shown(store.processes(at(0)).await.unwrap()), [ids[1], ids[2]]);
        assert_eq!(shown(store.processes(at(11)).await.unwrap()), [ids[2]], "it is some time ago");
        assert_eq!(store.find_worker(ids[2]).await.unwrap().map(|row| row.id), Some(ids[2]));
        assert!(store.find_worker(ids[1]).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn pods_are_written_down_as_they_change() {
    for store in stores().await {
        let stuck = PodRow {
            node: Some("n".into()),
            reason: Some("ErrImagePull".into()),
            message: Some("ErrImagePull: no".into()),
            ..pod("a", "Pending")
        };
        store.put_pods(&[stuck, pod("b", "Pending"), pod("c", "Running")], at(101)).await.unwrap();
        store.put_pods(&[pod("b", "Succeeded")], at(102)).await.unwrap();
        store.put_pods(&[pod("a", "Deleted"), pod("b", "Deleted")], at(103)).await.unwrap();
        let seen = async || {
            let (mut pods, total) = store.pods(at(0), 10).await.unwrap();
            pods.sort_by(|a, b| a.name.cmp(&b.name));
            assert_eq!(i64::try_from(pods.len()).unwrap(), total);
            pods.into_iter().map(|pod| (pod.name, pod.phase, pod.reason, pod.ended_at)).collect::<Vec<_>>()
        };
        let row = |name: &str, phase: &str, reason: Option<&str>, ended: Option<i64>| {
            (name.to_owned(), phase.to_owned(), reason.map(str::to_owned), ended.map(at))
        };
        let gone = row("a", "Deleted", Some("ErrImagePull"), Some(103));
        let done = row("b", "Succeeded", None, Some(102));
        assert_eq!(seen().await, [gone.clone(), done.clone(), row("c", "Running", None, None)]);

        // A list without it, of its namespace or of all: nobody saw it go.
        store.keep_pods(Some("other"), &[], at(200), at(104)).await.unwrap();
        store.keep_pods(None, &["jobs/c".into()], at(200), at(104)).await.unwrap();
        store.keep_pods(None, &[], at(100), at(104)).await.unwrap();
        assert_eq!(seen().await[2].3, None, "it is there, or was made after the list");
        store.keep_pods(Some("jobs"), &["jobs/d".into()], at(200), at(105)).await.unwrap();
        assert_eq!(seen().await, [gone, done, row("c", "Deleted", None, Some(105))]);

        // Those that are over are forgotten some time later.
        let later = at(110) + PODS_KEPT;
        store.put_pods(&[pod("e", "Running")], later).await.unwrap();
        assert_eq!(seen().await, [row("e", "Running", None, None)]);
        assert_eq!(store.pods(later, 0).await.unwrap().1, 1);
    }
}
