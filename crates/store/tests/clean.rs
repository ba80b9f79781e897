//! Old rows: what goes, what stays, and what is kept aside. On both databases.

use tradewind_core::{RunState, TaskState};
use tradewind_store::{CleanFilter, NewRun, RunWrite, Store};
use tradewind_testkit::build::{at, dag, file, new_run, new_ti};
use tradewind_testkit::stores;

/// A run that is over, with one task instance that was never needed.
async fn ended_run(store: &Store, dag_id: &str, run_id: &str, day: i64) -> i64 {
    let run = NewRun { owner: Some(5), run_after: at(day), ..new_run(dag_id, run_id, Some(day)) };
    let mut tx = store.begin().await.unwrap();
    let run_key = match tx.create_run(run).await.unwrap() {
        tradewind_store::CreateOutcome::Created(key) => key,
        other => panic!("{other:?}"),
    };
    tx.insert_tis(&[new_ti(run_key, "t")]).await.unwrap();
    tx.commit().await.unwrap();
    store.adopt_runs(5, at(0)).await.unwrap();
    let (row, _) = store.load_runs(&[run_key]).await.unwrap().remove(0);
    let write = RunWrite {
        run_key,
        expect_state: row.state,
        expect_fence: row.fence,
        owner: 5,
        state: RunState::Success,
        start_date: Some(at(day)),
        end_date: Some(at(day + 1)),
        dag_version_id: row.dag_version_id,
        state_counts: [(TaskState::Success.as_str().to_owned(), 1)].into(),
        updated_at: at(day + 1),
    };
    let mut tx = store.begin().await.unwrap();
    assert_eq!(tx.write_runs(&[write]).await.unwrap(), [true]);
    tx.commit().await.unwrap();
    run_key
}

#[tokio::test]
async fn old_runs_go_with_what_belongs_to_them_and_the_newest_stays() {
    for store in stores().await {
        store.apply_parse(file("d.py", vec![dag("d", "h1"), dag("e", "h1")])).await.unwrap();
        for (n, day) in [100, 200, 300].into_iter().enumerate() {
            ended_run(&store, "d", &format!("r{n}"), day).await;
        }
        ended_run(&store, "e", "alone", 100).await;
        let by = CleanFilter { before: at(1_000), ..CleanFilter::default() };
        // The newest run of each DAG's schedule stays however old it is.
        assert_eq!(store.count_old("dag_run", &by).await.unwrap(), 2, "{}", store.name);
        let other = CleanFilter { not_dag_ids: vec!["d".into()], ..by.clone() };
        assert_eq!(store.count_old("dag_run", &other).await.unwrap(), 0, "{}", store.name);
        let young = CleanFilter { before: at(150), dag_ids: vec!["d".into()], ..CleanFilter::default() };
        assert_eq!(store.count_old("dag_run", &young).await.unwrap(), 1, "{}", store.name);

        let mut seen = Vec::new();
        let gone = store.clean("dag_run", &by, Some(1), Some("20240101000000"), |gone| {
            seen.push(gone);
            true
        });
        assert_eq!(gone.await.unwrap(), 2, "{}", store.name);
        assert_eq!(seen, [1, 2], "each batch is told of");
        assert_eq!(store.count_old("dag_run", &by).await.unwrap(), 0);
        assert!(store.find_run("d", "r0").await.unwrap().is_none());
        assert!(store.find_run("d", "r2").await.unwrap().is_some());
        assert!(store.find_run("e", "alone").await.unwrap().is_some());

        let archives = store.archives(&[]).await.unwrap();
        assert!(archives.contains(&"_airflow_deleted__dag_run__20240101000000".to_owned()), "{archives:?}");
        assert!(archives.contains(&"_airflow_deleted__task_instance__20240101000000".to_owned()), "{archives:?}");
        let runs = &store.archives(&["dag_run".into()]).await.unwrap()[0];
        let columns = store.archive_columns(runs).await.unwrap();
        let id = columns.iter().position(|name| name == "run_id").unwrap();
        let rows = store.archive_rows(runs, 0, 10).await.unwrap();
        assert_eq!(rows.iter().map(|row| row[id].as_str().unwrap()).collect::<Vec<_>>(), ["r0", "r1"]);
        assert_eq!(store.archive_rows(runs, 1, 10).await.unwrap().len(), 1);
        assert!(store.drop_archive("dag_run").await.is_err(), "only archives are dropped");
        for archive in archives {
            store.drop_archive(&archive).await.unwrap();
        }
        assert_eq!(store.archives(&[]).await.unwrap(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn every_table_can_be_cleaned_on_both_databases() {
    for store in stores().await {
        let by = CleanFilter { before: at(1_000), ..CleanFilter::default() };
        for table in Store::cleanable() {
            assert_eq!(store.count_old(table, &by).await.unwrap(), 0, "{}: {table}", store.name);
            assert_eq!(store.clean(table, &by, None, Some("x"), |_| true).await.unwrap(), 0);
        }
        assert!(store.count_old("users", &by).await.is_err(), "accounts do not grow old");
    }
}
