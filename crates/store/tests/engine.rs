//! What a scheduler does with the store, on both databases.

use std::collections::BTreeMap;

use serde_json::json;
use tradewind_core::timetable::{DataInterval, NextRun};
use tradewind_core::{RunState, TaskState, TryId};
use tradewind_store::{
    CreateOutcome, FileResult, FinishOutcome, FinishTry, NewRun, NewTi, RunWrite, StartOutcome, StartTry,
    StoredImportError, Topic,
};
use tradewind_testkit::build::{at, dag, file, new_run, new_ti, queued, start, write};
use tradewind_testkit::stores;

#[tokio::test]
async fn a_run_from_creation_to_its_end() {
    for store in stores().await {
        let mut hints = store.notifier().subscribe(Topic::Scheduler);
        let report = store.apply_parse(file("d.py", vec![dag("d", "h1")])).await.unwrap();
        assert_eq!((report.new, report.changed), (vec!["d".to_owned()], vec!["d".to_owned()]), "{}", store.name);

        let scheduler = store.register_job("SchedulerJob", "h", 1, at(0)).await.unwrap();
        let schedules = store.dag_schedules().await.unwrap();
        assert_eq!(schedules.len(), 1);
        let schedule = &schedules[0];
        assert_eq!((schedule.last, schedule.next, schedule.active_runs), (None, None, 0));
        let version = schedule.latest_version_id;
        let next = NextRun {
            logical_date: Some(at(0)),
            data_interval: DataInterval { start: at(0), end: at(60) },
            run_after: at(60),
        };

        let mut tx = store.begin().await.unwrap();
        assert!(tx.set_next_run("d", version, Some(next)).await.unwrap());
        assert!(!tx.set_next_run("d", Some(-1), None).await.unwrap(), "planned with another version");
        let run = NewRun { owner: Some(scheduler), ..new_run("d", "r1", Some(0)) };
        let run_key = tx.create_run(run.clone()).await.unwrap().created().unwrap();
        assert_eq!(tx.create_run(run).await.unwrap(), CreateOutcome::Exists, "run id");
        assert_eq!(tx.create_run(new_run("d", "r2", Some(0))).await.unwrap(), CreateOutcome::Exists, "logical date");
        assert!(
            tx.create_run(NewRun { owner: Some(scheduler), ..new_run("d", "r3", None) })
                .await
                .unwrap()
                .created()
                .is_some(),
            "no date, no conflict"
        );
        let finished = NewTi {
            state: Some(TaskState::Success),
            try_number: 1,
            start_date: Some(at(1)),
            end_date: Some(at(1)),
            ..new_ti(run_key, "e")
        };
        let names = ["b", "a", "c"];
        let mut new: Vec<NewTi> = names.iter().map(|name| new_ti(run_key, name)).collect();
        new.push(finished);
        let ids = tx.insert_tis(&new).await.unwrap();
        tx.commit().await.unwrap();

        let schedule = store.dag_schedule("d").await.unwrap().unwrap();
        assert_eq!((schedule.next, schedule.active_runs), (Some(next), 2));
        assert_eq!(schedule.last, Some(DataInterval { start: at(0), end: at(60) }));

        let loaded = store.load_runs(&[run_key, -5]).await.unwrap();
        assert_eq!(loaded.len(), 1);
        let (row, tis) = &loaded[0];
        assert_eq!((row.state, row.owner, row.dag_version_id), (RunState::Queued, Some(scheduler), version));
        assert_eq!(row.conf, json!({"x": 1}));
        let by_id: BTreeMap<i64, &str> = tis.iter().map(|ti| (ti.id, ti.task_id.as_str())).collect();
        assert_eq!(ids.iter().map(|id| by_id[id]).collect::<Vec<_>>(), ["b", "a", "c", "e"], "ids in the order given");

        // Guards: the fence and the state must be what the writer believed.
        let mut tx = store.begin().await.unwrap();
        let applied = tx
            .write_tis(&[
                write(ids[0], (None, 0), Some(TaskState::Queued), 1),
                write(ids[1], (None, 5), Some(TaskState::Queued), 1),
                write(ids[2], (Some(TaskState::Scheduled), 0), Some(TaskState::Queued), 1),
            ])
            .await
            .unwrap();
        assert_eq!(applied, [true, false, false], "{}", store.name);
        let usage = tx.usage().await.unwrap();
        assert_eq!(usage.pools.len(), 1);
        assert_eq!((usage.pools[0].slots, usage.rows.len()), (128, 1));
        assert_eq!((usage.rows[0].in_flight, usage.rows[0].tis, usage.rows[0].slots), (true, 1, 1));
        let mut run_write = RunWrite {
            run_key,
            expect_state: RunState::Queued,
            expect_fence: 0,
            owner: scheduler,
            state: RunState::Running,
            start_date: Some(at(2)),
            end_date: None,
            dag_version_id: version,
            state_counts: BTreeMap::from([("queued".into(), 1)]),
            updated_at: at(2),
        };
        assert_eq!(tx.write_runs(std::slice::from_ref(&run_write)).await.unwrap(), [true]);
        assert_eq!(tx.write_runs(std::slice::from_ref(&run_write)).await.unwrap(), [false], "not queued any more");
        tx.commit().await.unwrap();

        assert_eq!(store.queued_tries(&["default".into()], None, 10).await.unwrap().len(), 1);
        assert_eq!(store.queued_tries(&["other".into()], None, 10).await.unwrap().len(), 0);
        assert_eq!(store.start_try(start(ids[0], 1)).await.unwrap(), StartOutcome::Started);
        let mut finish = FinishTry::new(TryId { ti_id: ids[0], try_number: 1 }, TaskState::Success, at(4));
        finish.xcoms.insert("return_value".into(), json!([1, 2]));
        finish.skip = vec!["x".into()];
        finish.map_length = Some(2);
        assert_eq!(store.finish_try(finish.clone()).await.unwrap(), FinishOutcome::Recorded);
        assert_eq!(store.finish_try(finish.clone()).await.unwrap(), FinishOutcome::Recorded, "said twice");
        hints.wait().await;

        let inbox = store.read_inbox(scheduler).await.unwrap();
        assert_eq!(inbox.iter().map(|row| (row.run_key, row.ti_id)).collect::<Vec<_>>(), [(run_key, Some(ids[0]))]);
        let tis = store.load_tis(&[ids[0]]).await.unwrap();
        assert_eq!((tis[0].state, tis[0].fence, tis[0].end_date), (Some(TaskState::Success), 3, Some(at(4))));
        assert_eq!((tis[0].skip.as_slice(), tis[0].map_length), (&["x".to_owned()][..], Some(2)));

        let mut tx = store.begin().await.unwrap();
        tx.delete_inbox(&inbox.iter().map(|row| row.id).collect::<Vec<_>>()).await.unwrap();
        run_write.expect_state = RunState::Running;
        run_write.state = RunState::Success;
        run_write.end_date = Some(at(9));
        assert_eq!(tx.write_runs(&[run_write]).await.unwrap(), [true]);
        tx.commit().await.unwrap();
        assert!(store.read_inbox(scheduler).await.unwrap().is_empty());
        let (row, _) = store.load_runs(&[run_key]).await.unwrap().remove(0);
        assert_eq!((row.state, row.owner), (RunState::Success, None), "a run that is over belongs to nobody");
    }
}

#[tokio::test]
async fn a_try_starts_once_however_many_ask() {
    for store in stores().await {
        let (_, ti_id) = queued(&store).await;
        let asked = (0..20).map(|worker| {
            let store = store.store.clone();
            tokio::spawn(
                async move { store.start_try(StartTry { worker_id: worker, ..start(ti_id, 1) }).await.unwrap() },
            )
        });
        let mut started = 0;
        for answer in asked.collect::<Vec<_>>() {
            match answer.await.unwrap() {
                StartOutcome::Started => started += 1,
                StartOutcome::Resumed(resume) => panic!("{resume:?}"),
                StartOutcome::Refused(why) => assert!(why.contains("running already, by process 42 on h"), "{why}"),
            }
        }
        assert_eq!(started, 1, "{}", store.name);
        let refused = store.start_try(start(ti_id, 2)).await.unwrap();
        assert_eq!(refused, StartOutcome::Refused("the task instance is at try 1, not 2".into()));
    }
}

#[tokio::test]
async fn a_worker_that_missed_the_answer_hears_it_again_and_nobody_else_does() {
    for store in stores().await {
        let (_, ti_id) = queued(&store).await;
        let asked = start(ti_id, 1);
        for _ in 0..2 {
            assert_eq!(store.start_try(asked.clone()).await.unwrap(), StartOutcome::Started, "{}", store.name);
        }
        let rivals =
            [StartTry { worker_id: asked.worker_id + 1, ..asked.clone() }, StartTry { at: at(4), ..asked.clone() }];
        for rival in rivals {
            let answer = store.start_try(rival).await.unwrap();
            assert!(matches!(answer, StartOutcome::Refused(_)), "{}: {answer:?}", store.name);
        }
        let over = FinishTry::new(asked.try_id, TaskState::Success, at(10));
        store.finish_try(over).await.unwrap();
        let late = store.start_try(asked).await.unwrap();
        assert_eq!(late, StartOutcome::Refused("the task instance is success, not queued".into()), "{}", store.name);
    }
}

#[tokio::test]
async fn retries_until_max_tries_and_keeps_every_try() {
    for store in stores().await {
        let (_, ti_id) = queued(&store).await;
        for (try_number, expected) in [(1, TaskState::UpForRetry), (2, TaskState::Failed)] {
            assert_eq!(store.start_try(start(ti_id, try_number)).await.unwrap(), StartOutcome::Started);
            let mut finish = FinishTry::new(TryId { ti_id, try_number }, TaskState::UpForRetry, at(10));
            finish.xcoms.insert("k".into(), json!(try_number));
            finish.reason = Some("exit code 1\0".into());
            assert_eq!(store.finish_try(finish).await.unwrap(), FinishOutcome::Recorded);
            let ti = store.load_tis(&[ti_id]).await.unwrap().remove(0);
            assert_eq!(ti.state, Some(expected), "{}", store.name);
            if expected == TaskState::UpForRetry {
                let mut tx = store.begin().await.unwrap();
                let to = write(ti_id, (ti.state, ti.fence), Some(TaskState::Scheduled), 2);
                assert_eq!(tx.write_tis(&[to]).await.unwrap(), [true]);
                let to = write(ti_id, (Some(TaskState::Scheduled), ti.fence + 1), Some(TaskState::Queued), 2);
                assert_eq!(tx.write_tis(&[to]).await.unwrap(), [true]);
                tx.commit().await.unwrap();
                let ti = store.load_tis(&[ti_id]).await.unwrap().remove(0);
                assert_eq!(
                    (ti.hostname, ti.worker_id, ti.first_started_at),
                    (None, None, None),
                    "nothing of the old try"
                );
            }
        }
        let late = FinishTry::new(TryId { ti_id, try_number: 1 }, TaskState::Success, at(11));
        assert_eq!(store.finish_try(late).await.unwrap(), FinishOutcome::Stale);
        let earlier = store.earlier_tries(ti_id).await.unwrap();
        assert_eq!(earlier.len(), 1, "{}", store.name);
        let first = &earlier[0];
        assert_eq!((first.try_number, first.state, first.end_date), (1, Some(TaskState::Failed), Some(at(10))));
        assert_eq!((first.hostname.as_deref(), first.start_date), (Some("h"), Some(at(3))));
        assert_eq!(first.reason.as_deref(), Some("exit code 1\u{fffd}"));
    }
}

#[tokio::test]
async fn heartbeats_and_lost_tries() {
    for store in stores().await {
        let (_, ti_id) = queued(&store).await;
        let try_id = TryId { ti_id, try_number: 1 };
        let worker = store.register_job("WorkerJob", "h", 42, at(0)).await.unwrap();
        store.start_try(StartTry { worker_id: worker, ..start(ti_id, 1) }).await.unwrap();
        let other = TryId { ti_id: ti_id + 1000, try_number: 1 };
        assert_eq!(store.heartbeat_tries(worker, &[try_id, other], at(20)).await.unwrap(), [other], "{}", store.name);
        assert_eq!(store.heartbeat_tries(worker + 1, &[try_id], at(20)).await.unwrap(), [try_id], "another worker's");
        assert!(store.lost_tries(at(20)).await.unwrap().is_empty());
        assert_eq!(store.lost_tries(at(21)).await.unwrap().len(), 1);
        let running = store.running_tries().await.unwrap();
        assert_eq!((running.len(), running[0].in_flight.heartbeat_at), (1, at(20)));
        assert!(!running[0].in_flight.worker_ended);

        // It was heard of after all.
        let mut lost = FinishTry::new(try_id, TaskState::UpForRetry, at(30));
        lost.silent_since = Some(at(20));
        assert_eq!(store.finish_try(lost.clone()).await.unwrap(), FinishOutcome::Stale);
        lost.silent_since = Some(at(25));
        store.end_job(worker, at(26)).await.unwrap();
        assert!(store.running_tries().await.unwrap()[0].in_flight.worker_ended);
        assert_eq!(store.finish_try(lost).await.unwrap(), FinishOutcome::Recorded);
        assert!(store.running_tries().await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn runs_of_dead_schedulers_are_adopted() {
    for store in stores().await {
        let one = store.register_job("SchedulerJob", "h", 1, at(0)).await.unwrap();
        let two = store.register_job("SchedulerJob", "h", 2, at(0)).await.unwrap();
        let mut tx = store.begin().await.unwrap();
        let mine = tx.create_run(NewRun { owner: Some(one), ..new_run("d", "mine", None) }).await.unwrap();
        let free = tx.create_run(new_run("d", "free", None)).await.unwrap();
        tx.commit().await.unwrap();
        let (mine, free) = (mine.created().unwrap(), free.created().unwrap());
        assert_eq!(store.adopt_runs(two, at(-1)).await.unwrap(), [free], "{}", store.name);
        assert_eq!(store.adopt_runs(one, at(-1)).await.unwrap(), [mine]);
        store.heartbeat_job(two, at(50)).await.unwrap();
        assert_eq!(store.live_jobs("SchedulerJob", at(40)).await.unwrap().len(), 1);
        assert_eq!(store.adopt_runs(two, at(40)).await.unwrap(), [mine, free], "one was not heard of");
        store.end_job(two, at(51)).await.unwrap();
        assert_eq!(store.adopt_runs(one, at(40)).await.unwrap(), [mine, free], "two said goodbye");
    }
}

#[tokio::test]
async fn files_come_change_and_go() {
    for store in stores().await {
        store.apply_parse(file("a.py", vec![dag("x", "1"), dag("y", "1")])).await.unwrap();
        let same = store.apply_parse(file("a.py", vec![dag("x", "1"), dag("y", "2")])).await.unwrap();
        assert_eq!((same.new.len(), same.changed, same.gone.len()), (0, vec!["y".to_owned()], 0), "{}", store.name);
        let y = store.dag_schedule("y").await.unwrap().unwrap();
        let version = store.dag_version(y.latest_version_id.unwrap()).await.unwrap().unwrap();
        assert_eq!((version.version_number, version.hash.as_str()), (2, "2"));

        // A broken file keeps its DAGs, but nothing is scheduled of them.
        let error = StoredImportError { message: "boom".into(), line: Some(3), traceback: "…".into() };
        let broken = FileResult { import_error: Some(error), ..file("a.py", vec![]) };
        assert_eq!(store.apply_parse(broken).await.unwrap().gone.len(), 0);
        assert!(store.dag_schedules().await.unwrap().is_empty());
        assert!(store.dag_files("dags-folder").await.unwrap()[0].had_error);
        let fixed = store.apply_parse(file("a.py", vec![dag("x", "1")])).await.unwrap();
        assert_eq!(fixed.gone, ["y"]);
        assert_eq!(store.dag_schedules().await.unwrap().len(), 1);

        let files = store.dag_files("dags-folder").await.unwrap();
        assert!(!files[0].had_error);
        assert_eq!((files.len(), files[0].modules.as_slice()), (1, &["/dags/helper.py".to_owned()][..]));
        let none: [&str; 0] = [];
        assert_eq!(store.deactivate_missing("dags-folder", none, at(9)).await.unwrap(), ["x"]);
        assert!(store.dag_files("dags-folder").await.unwrap().is_empty());
        let back = store.apply_parse(file("a.py", vec![dag("x", "1")])).await.unwrap();
        assert_eq!((back.new, back.changed.len()), (vec!["x".to_owned()], 0), "the same version as before");

        assert_eq!(store.set_paused(&["x".into()], true).await.unwrap(), ["x"]);
        assert!(store.set_paused(&["x".into()], true).await.unwrap().is_empty());
        assert!(store.dag_schedule("x").await.unwrap().unwrap().is_paused);
        assert!(store.delete_dag("x").await.unwrap());
        assert!(!store.delete_dag("x").await.unwrap());
    }
}
