//! Timetables that Python computes, as the database keeps them: on both databases.

use std::time::Duration;

use serde_json::json;
use tradewind_core::timetable::{Answers, DataInterval, NextRun};
use tradewind_store::{AskError, ParsedDag, StoredImportError, TimetableAnswer, TimetableQuestion};
use tradewind_testkit::build::{at, dag, file};
use tradewind_testkit::stores;

fn external(dag_id: &str, hash: &str) -> ParsedDag {
    let timetable = json!({"type": "external", "class": "T", "data": {}, "summary": "T"});
    ParsedDag { timetable, ..dag(dag_id, hash) }
}

fn interval() -> DataInterval {
    DataInterval { start: at(10), end: at(20) }
}

#[tokio::test]
async fn answers_are_kept_for_one_version_until_the_dag_is_unpaused() {
    for store in stores().await {
        let store = &store.store;
        store.apply_parse(file("d.py", vec![external("d", "h1"), dag("plain", "h1")])).await.unwrap();
        let bundle = file("d.py", vec![]).bundle_name;
        let [known] = &store.external_timetables(&bundle).await.unwrap()[..] else { panic!("one external timetable") };
        assert_eq!((known.dag_id.as_str(), known.asked_version, known.last), ("d", None, None));
        let answers = Answers { after: None, asked_at: at(5), runs: vec![NextRun::interval(interval())], ended: true };
        store.timetable_answered(known, &answers).await.unwrap();
        let row = store.dag_schedule("d").await.unwrap().unwrap();
        assert_eq!(row.answers, Some(answers.clone()));
        let next = row.into_schedule().unwrap().timetable.with_answers(Some(answers.clone()));
        assert!(next.is_external());
        // Another version was never asked.
        store.apply_parse(file("d.py", vec![external("d", "h2"), dag("plain", "h1")])).await.unwrap();
        assert_eq!(store.dag_schedule("d").await.unwrap().unwrap().answers, None);
        let again = store.external_timetables(&bundle).await.unwrap().remove(0);
        assert_ne!(again.asked_version, again.version_id);
        store.timetable_answered(&again, &answers).await.unwrap();
        store.set_paused(&["d".to_owned()], true).await.unwrap();
        assert!(store.dag_schedule("d").await.unwrap().unwrap().answers.is_some());
        store.set_paused(&["d".to_owned()], false).await.unwrap();
        assert_eq!(store.dag_schedule("d").await.unwrap().unwrap().answers, None);
    }
}

#[tokio::test]
async fn failures_are_shown_until_they_are_over_and_keep_the_answers() {
    for store in stores().await {
        let store = &store.store;
        store.apply_parse(file("d.py", vec![external("d", "h1")])).await.unwrap();
        let bundle = file("d.py", vec![]).bundle_name;
        let known = store.external_timetables(&bundle).await.unwrap().remove(0);
        let answers = Answers { after: None, asked_at: at(5), runs: Vec::new(), ended: true };
        store.timetable_answered(&known, &answers).await.unwrap();
        let error = StoredImportError { message: "it is full moon".into(), line: Some(3), traceback: "…".into() };
        store.timetable_failed(&known, &error, at(6)).await.unwrap();
        store.timetable_failed(&known, &error, at(7)).await.unwrap();
        let row = store.dag_schedule("d").await.unwrap().unwrap();
        assert_eq!((row.answers, row.timetable_error), (Some(answers.clone()), Some("it is full moon".to_owned())));
        let shown = async || store.external_timetables(&bundle).await.unwrap().len();
        // The file itself is right, and is said to be by the next parse; that takes nothing back.
        store.apply_parse(file("d.py", vec![external("d", "h1")])).await.unwrap();
        assert_eq!(shown().await, 1);
        store.drop_timetable_errors(&bundle).await.unwrap();
        assert!(store.dag_schedule("d").await.unwrap().unwrap().timetable_error.is_some());
        store.timetable_answered(&known, &answers).await.unwrap();
        store.drop_timetable_errors(&bundle).await.unwrap();
        assert_eq!(store.dag_schedule("d").await.unwrap().unwrap().timetable_error, None);
        // A DAG with a schedule of Airflow's own is asked nothing.
        store.apply_parse(file("d.py", vec![dag("d", "h3")])).await.unwrap();
        assert_eq!(shown().await, 0);
    }
}

#[tokio::test]
async fn questions_find_their_answers_or_nobody() {
    for store in stores().await {
        let store = &store.store;
        store.apply_parse(file("d.py", vec![external("d", "h1")])).await.unwrap();
        let bundle = file("d.py", vec![]).bundle_name;
        let question = TimetableQuestion::Manual { run_after: at(9) };
        let silence = store.ask_timetable("d", &question, Duration::from_millis(20)).await;
        assert!(matches!(silence, Err(AskError::Silence { .. })), "{silence:?}");
        for (answer, word) in [(Ok(TimetableAnswer::Interval(interval())), ""), (Err("no such month"), "no such month")]
        {
            let asking = {
                let (store, question) = (store.clone(), question.clone());
                tokio::spawn(async move { store.ask_timetable("d", &question, Duration::from_secs(20)).await })
            };
            let open = loop {
                match store.open_timetable_questions(&bundle).await.unwrap().pop() {
                    Some(open) => break open,
                    None => tokio::task::yield_now().await,
                }
            };
            assert_eq!(serde_json::from_value::<TimetableQuestion>(open.question).unwrap(), question);
            store.settle_timetable_question(open.id, answer.as_ref().map_err(|why| *why)).await.unwrap();
            match asking.await.unwrap() {
                Ok(found) => assert_eq!(Ok(found), answer),
                Err(error) => assert!(!word.is_empty() && error.to_string().contains(word), "{error}"),
            }
            assert!(store.open_timetable_questions(&bundle).await.unwrap().is_empty());
        }
        let found = store.manual_interval("plain", r#"{"type":"once"}"#, at(7)).await.unwrap();
        assert_eq!(found, DataInterval::exact(at(7)));
    }
}
