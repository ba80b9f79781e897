//! What REST clients ask for: favourites, pages by cursor, requests to dag-processors. On both databases.

use std::time::Duration;

use serde_json::json;
use tradewind_store::read::{
    Cursor, DAG_COLUMNS, DagFilter, Match, OrderBy, Page, RUN_COLUMNS, RunFilter, TI_COLUMNS, TiFilter,
};
use tradewind_testkit::build::{at, dag, file, new_run, new_ti, queued};
use tradewind_testkit::stores;

#[tokio::test]
async fn everybody_has_favourites_of_their_own() {
    for store in stores().await {
        store.apply_parse(file("d.py", vec![dag("d", "h1"), dag("e", "h2")])).await.unwrap();
        assert!(store.add_favorite("d", "ada").await.unwrap(), "{}", store.name);
        assert!(!store.add_favorite("d", "ada").await.unwrap());
        let ids = async |username: &str, wanted: bool| {
            let by = DagFilter { favorite_of: Some((username.into(), wanted)), ..DagFilter::default() };
            store.dag_ids(&by).await.unwrap()
        };
        assert_eq!((ids("ada", true).await, ids("ada", false).await), (vec!["d".into()], vec!["e".into()]));
        assert!(ids("bob", true).await.is_empty() && store.is_favorite("d", "ada").await.unwrap());
        assert!(store.remove_favorite("d", "ada").await.unwrap() && !store.remove_favorite("d", "ada").await.unwrap());
        let kinds = DagFilter { timetable_kinds: vec!["no such kind".into()], ..DagFilter::default() };
        let order = OrderBy::parse(DAG_COLUMNS, &["dag_id"]).unwrap();
        assert_eq!(store.list_dags(&kinds, &order, Page { limit: 9, offset: 0 }).await.unwrap().total, 0);
    }
}

#[tokio::test]
async fn cursors_walk_both_ways_in_any_order() {
    for store in stores().await {
        store.apply_parse(file("d.py", vec![dag("d", "h1")])).await.unwrap();
        let mut tx = store.begin().await.unwrap();
        for n in 0..7 {
            tx.create_run(new_run("d", &format!("r{n}"), (n % 3 > 0).then_some(n))).await.unwrap();
        }
        tx.commit().await.unwrap();
        for names in [vec!["id"], vec!["-id"], vec!["logical_date"], vec!["-logical_date", "run_id"], vec!["state"]] {
            let order = OrderBy::parse(RUN_COLUMNS, &names).unwrap();
            let by = RunFilter::default();
            let all = store.list_runs(&by, &order, Page { limit: 99, offset: 0 }).await.unwrap();
            let all: Vec<i64> = all.rows.iter().map(|run| run.id).collect();
            let mut seen = Vec::new();
            let mut cursor = Cursor { row: None, backward: false };
            loop {
                let cut = store.cut_runs(&by, &order, cursor, 2).await.unwrap();
                assert_eq!((cut.total, cut.has_previous), (7, cursor.row.is_some()), "{} {names:?}", store.name);
                seen.extend(cut.rows.iter().map(|run| run.id));
                cursor = Cursor { row: seen.last().copied(), backward: false };
                if !cut.has_next {
                    break;
                }
            }
            assert_eq!(seen, all, "{} {names:?}", store.name);
            let back = store.cut_runs(&by, &order, Cursor { row: Some(all[5]), backward: true }, 3).await.unwrap();
            assert_eq!(back.rows.iter().map(|run| run.id).collect::<Vec<_>>(), all[2..5], "{names:?}");
            assert!(back.has_next && back.has_previous);
        }
    }
}

#[tokio::test]
async fn task_instances_are_found_by_start_and_by_the_name_that_people_see() {
    for store in stores().await {
        let (run_key, _) = queued(&store).await;
        let mut tx = store.begin().await.unwrap();
        tx.insert_tis(&[new_ti(run_key, "a"), new_ti(run_key, "b")]).await.unwrap();
        tx.commit().await.unwrap();
        let ids = async |by: &TiFilter, order: &str, limit: i64| {
            let order = OrderBy::parse(TI_COLUMNS, &[order]).unwrap();
            let found = store.list_tis(by, &order, Page { limit, offset: 0 }).await.unwrap();
            found.rows.into_iter().map(|ti| ti.task_id).collect::<Vec<_>>()
        };
        let all = TiFilter::default();
        assert_eq!(ids(&all, "start_date", 9).await.len(), 3, "those that have not started come as well");
        let shown = |pattern: &str| TiFilter {
            task_display_name: Match { pattern: Some(pattern.into()), prefix: None },
            display_names: vec![("d/a".into(), pattern == "nice"), ("x/b".into(), false)],
            ..TiFilter::default()
        };
        assert_eq!(ids(&shown("nice"), "id", 9).await, ["a"], "{}", store.name);
        assert_eq!(ids(&shown("B"), "id", 9).await, ["b"]);
        assert!(ids(&shown("a\0"), "id", 9).await.is_empty(), "no text has a NUL");
        let order = OrderBy::parse(TI_COLUMNS, &["start_date"]).unwrap();
        let cut = store.cut_tis(&all, &order, Cursor { row: None, backward: false }, 2).await.unwrap();
        assert!(cut.rows.len() == 2 && cut.has_next);
    }
}

#[tokio::test]
async fn runs_forget_their_partitions() {
    for store in stores().await {
        let (run_key, _) = queued(&store).await;
        let by = RunFilter { partition_key_is: Some("p".into()), ..RunFilter::default() };
        let order = OrderBy::parse(RUN_COLUMNS, &["id"]).unwrap();
        assert_eq!(store.list_runs(&by, &order, Page { limit: 9, offset: 0 }).await.unwrap().total, 0);
        assert_eq!(store.forget_partitions(&[run_key]).await.unwrap(), 1, "{}", store.name);
        let run = store.find_run_by_key(run_key).await.unwrap().unwrap();
        assert_eq!(run.partition_key, None);
    }
}

#[tokio::test]
async fn a_file_is_parsed_again_once() {
    for store in stores().await {
        store.apply_parse(file("d.py", vec![dag("d", "h1")])).await.unwrap();
        let bundle = store.find_dag("d").await.unwrap().unwrap().bundle_name;
        assert!(!store.request_parse(&bundle, "../etc/passwd").await.unwrap(), "{}: not a known file", store.name);
        assert!(store.request_parse(&bundle, "d.py").await.unwrap());
        assert!(store.request_parse(&bundle, "d.py").await.unwrap());
        assert!(store.take_parse_requests("another").await.unwrap().is_empty());
        assert_eq!(store.take_parse_requests(&bundle).await.unwrap(), ["d.py"]);
        assert!(store.take_parse_requests(&bundle).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn questions_to_python_are_answered_once() {
    for store in stores().await {
        let about = json!({"password": "secret"});
        let asked = store.ask_python("connection_test", &about, Duration::from_secs(30));
        let answered = async {
            loop {
                let open = store.claim_python_questions(at(1)).await.unwrap();
                if let [one] = open.as_slice() {
                    assert_eq!((one.kind.as_str(), &one.question), ("connection_test", &about));
                    assert!(store.claim_python_questions(at(1)).await.unwrap().is_empty());
                    store.settle_python_question(one.id, Ok(&json!({"status": true}))).await.unwrap();
                    break;
                }
                tokio::task::yield_now().await;
            }
        };
        let (answer, ()) = tokio::join!(asked, answered);
        assert_eq!(answer.unwrap().unwrap(), json!({"status": true}), "{}", store.name);
        let silence = store.ask_python("plugins", &json!({}), Duration::from_millis(1)).await.unwrap();
        assert!(silence.unwrap_err().contains("dag-processor"));
    }
}

#[tokio::test]
async fn a_connection_is_tested_once_at_a_time() {
    for store in stores().await {
        store.add_connection_test("t1", "c", at(1)).await.unwrap();
        assert!(store.add_connection_test("t2", "c", at(2)).await.is_err(), "{}", store.name);
        store.end_connection_test("t1", false, "no route").await.unwrap();
        let test = store.connection_test("t1").await.unwrap().unwrap();
        assert_eq!((test.state.as_str(), test.result_message.as_deref()), ("failed", Some("no route")));
        store.add_connection_test("t2", "c", at(3)).await.unwrap();
        assert!(store.connection_test("t3").await.unwrap().is_none());
    }
}
