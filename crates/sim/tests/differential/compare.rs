//! Every row is the same on both sides.

use tradewind_core::Timestamp;

use crate::{Both, DAGS, theirs};

impl Both<'_> {
    /// Every row is the same on both sides.
    pub(crate) async fn compare(&self) {
        let keys: Vec<i64> = self.runs.iter().map(|(_, store)| *store).collect();
        let loaded = self.store.load_runs(&keys).await.unwrap();
        assert_eq!(loaded.len(), self.model.runs.len());
        for (row, tis) in loaded {
            let key = self.runs.iter().find(|(_, store)| *store == row.id).unwrap().0;
            let run = self.model.runs[&key].as_ref();
            let owner = run.owner.map(|owner| theirs(&self.jobs, owner));
            let backfill = row.backfill_id.map(|id| (id, row.backfill_ordinal.unwrap_or_default()));
            let known = run.backfill.map(|(id, ordinal)| (theirs(&self.backfills, id), ordinal));
            assert_eq!(
                (row.state, row.start_date, row.end_date, row.owner, row.fence, row.clear_number, backfill),
                (run.state, run.start_date, run.end_date, owner, run.fence, run.clear_number, known),
                "run {key}"
            );
            assert_eq!(tis.len(), self.model.tis_of(key).count());
            for ti in tis {
                let id = self.tis.iter().find(|(_, store)| *store == ti.id).unwrap().0;
                let ours = self.model.tis[&id].as_ref().clone();
                let theirs = tradewind_sim::TiRow {
                    id,
                    run_key: key,
                    task_id: ti.task_id,
                    map_index: ti.map_index,
                    state: ti.state,
                    fence: ti.fence,
                    try_number: ti.try_number,
                    max_tries: ti.max_tries,
                    scheduled_at: ti.scheduled_at,
                    queued_at: ti.queued_at,
                    start_date: ti.start_date,
                    end_date: ti.end_date,
                    retry_at: ti.retry_at,
                    first_started_at: ti.first_started_at,
                    reschedule_count: ti.reschedule_count,
                    reason: ti.reason,
                    map_length: ti.map_length,
                    skip: ti.skip,
                    worker_id: ti.worker_id.map(|worker| self.jobs.iter().find(|(_, s)| *s == worker).unwrap().0),
                    heartbeat_at: ti.heartbeat_at,
                    pool: ti.pool,
                    pool_slots: i64::from(ti.pool_slots),
                };
                assert_eq!(theirs, ours);
            }
        }
        let mut running: Vec<(i64, i32, Timestamp)> = (self.store.running_tries().await.unwrap().into_iter())
            .map(|one| (one.in_flight.ti_id, one.try_number, one.in_flight.heartbeat_at))
            .collect();
        running.sort_unstable();
        let mut expected: Vec<(i64, i32, Timestamp)> = (self.model.running_tries().into_iter())
            .map(|(one, number)| (theirs(&self.tis, one.ti_id), number, one.heartbeat_at))
            .collect();
        expected.sort_unstable();
        assert_eq!(running, expected);
        self.compare_backfills().await;
        self.compare_queues().await;
    }

    async fn compare_backfills(&self) {
        let dags = DAGS.map(str::to_owned);
        let mut found: Vec<(i64, u32, bool)> = (self.store.backfill_limits(&dags).await.unwrap().into_iter())
            .map(|row| (row.id, row.max_active_runs, row.is_paused))
            .collect();
        found.sort_unstable();
        let open = self.model.backfills.iter().filter(|(_, row)| !row.completed);
        let mut expected: Vec<(i64, u32, bool)> =
            open.map(|(id, row)| (theirs(&self.backfills, *id), row.max_active_runs, row.paused)).collect();
        expected.sort_unstable();
        assert_eq!(found, expected);
    }

    async fn compare_queues(&self) {
        for dag_id in DAGS {
            let mut tx = self.store.begin().await.unwrap();
            let found: Vec<_> = tx.lock_asset_queue(dag_id).await.unwrap();
            let found: Vec<_> = found.into_iter().map(|event| (event.asset.name, event.at)).collect();
            let expected = self.model.queue_of(dag_id);
            let expected: Vec<_> = expected.into_iter().map(|event| (event.asset.name, event.at)).collect();
            assert_eq!(found, expected, "the queue of {dag_id}");
        }
    }
}
