//! State stores: what is remembered, until when, and by whom it was written. On both databases.

use serde_json::json;
use tradewind_store::{AssetWriter, TaskScope};
use tradewind_testkit::build::{at, queued};
use tradewind_testkit::stores;

#[tokio::test]
async fn a_task_instance_remembers_until_its_time_is_over() {
    for store in stores().await {
        let (run_key, _) = queued(&store).await;
        let scope = TaskScope { run_key, task_id: "t".into(), map_index: -1 };
        let mapped = TaskScope { map_index: 3, ..scope.clone() };
        assert!(store.set_task_state(&scope, "job", &json!({"id": 7}), Some(at(100)), at(1)).await.unwrap());
        assert!(store.set_task_state(&scope, "ever", &json!("x\u{0}y"), None, at(1)).await.unwrap());
        assert!(store.set_task_state(&mapped, "job", &json!([1]), None, at(1)).await.unwrap());
        let gone = TaskScope { run_key: run_key + 9, ..scope.clone() };
        assert!(!store.set_task_state(&gone, "job", &json!(1), None, at(1)).await.unwrap(), "{}", store.name);

        let job = store.task_state(&scope, "job", at(99)).await.unwrap().unwrap();
        assert_eq!((job.value, job.expires_at, job.updated_at), (json!({"id": 7}), Some(at(100)), at(1)));
        assert!(store.task_state(&scope, "job", at(100)).await.unwrap().is_none(), "expired, cleaned up or not");
        store.set_task_state(&scope, "job", &json!(8), Some(at(50)), at(2)).await.unwrap();
        let keys: Vec<String> =
            store.task_states_of(&scope, at(3)).await.unwrap().into_iter().map(|row| row.key).collect();
        assert_eq!(keys, ["ever", "job"]);

        let expired = store.expired_task_states(at(60)).await.unwrap();
        assert_eq!(expired, [("d".into(), "r".into(), "t".into(), -1, "job".into())]);
        assert_eq!(store.clean_task_states(at(60), 1).await.unwrap(), 1);
        assert_eq!(store.clean_task_states(at(60), 1).await.unwrap(), 0);
        assert!(store.delete_task_state(&scope, "ever").await.unwrap());
        assert!(!store.delete_task_state(&scope, "ever").await.unwrap());
        assert_eq!(store.clear_task_state(&scope, true).await.unwrap(), 1, "the mapped one as well");
        store.set_task_state(&scope, "job", &json!(8), None, at(2)).await.unwrap();
        store.delete_run(run_key).await.unwrap();
        assert!(store.task_state(&scope, "job", at(3)).await.unwrap().is_none(), "gone with its run");
    }
}

#[tokio::test]
async fn only_assets_that_exist_are_remembered_of() {
    for store in stores().await {
        let writer = AssetWriter::Task("d".into(), "r".into(), "t".into(), 2);
        assert!(!store.set_asset_state(1, "mark", &json!(1), &writer, at(1)).await.unwrap(), "{}", store.name);
        assert!(store.asset_states(1).await.unwrap().is_empty());
    }
}
