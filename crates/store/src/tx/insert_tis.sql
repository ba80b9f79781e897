INSERT INTO task_instance (run_key, dag_id, task_id, map_index, state, try_number, max_tries, scheduled_at,
    queued_at, start_date, end_date, operator, pool, pool_slots, queue, priority, executor, dag_version_id, reason,
    updated_at)
SELECT run_key, dag_id, task_id, map_index, state, try_number, max_tries, scheduled_at,
    queued_at, start_date, end_date, operator, pool, pool_slots, queue, priority, executor, dag_version_id, reason,
    $2
FROM {rows} AS w
WHERE TRUE
ON CONFLICT DO NOTHING
RETURNING id,
    CASE WHEN task_instance.state IN ('success', 'failed', 'skipped', 'upstream_failed', 'removed') AND EXISTS (
        SELECT 1 FROM trigger AS a WHERE a.awaited_dag = task_instance.dag_id) THEN task_instance.dag_id END
