-- The row as it is when it leaves up_for_retry or goes on to a new try. A try that never got anywhere (cleared while it
-- was queued) leaves no trace; one that was kept already stays as it was.
INSERT INTO task_try (ti_id, try_number, state, max_tries, scheduled_at, queued_at, start_date, end_date, operator, pool,
    pool_slots, queue, priority, executor, hostname, pid, worker_id, dag_version_id, rendered_map_index, note, reason,
    max_rss_kb, cpu_ms, rendered_fields)
SELECT t.id, t.try_number,
    CASE WHEN t.state IN ('removed', 'success', 'failed', 'upstream_failed', 'skipped') THEN t.state ELSE 'failed' END,
    t.max_tries, t.scheduled_at, t.queued_at, t.start_date, COALESCE(t.end_date, t.updated_at), t.operator, t.pool,
    t.pool_slots, t.queue, t.priority, t.executor, t.hostname, t.pid, t.worker_id, t.dag_version_id,
    t.rendered_map_index, t.note, t.reason, t.max_rss_kb, t.cpu_ms, t.rendered_fields
FROM {rows} AS w, task_instance AS t
WHERE t.id = w.ti_id AND t.fence = w.expect_fence AND t.state IS NOT DISTINCT FROM w.expect_state
    AND t.try_number >= 1 AND (w.new_try > t.try_number OR t.state = 'up_for_retry')
    AND (t.queued_at IS NOT NULL OR t.start_date IS NOT NULL)
ON CONFLICT DO NOTHING
