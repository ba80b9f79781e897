-- Tries that got somewhere and are over; one that was kept already stays as it was.
INSERT INTO task_try (ti_id, try_number, state, max_tries, scheduled_at, queued_at, start_date, end_date, operator, pool,
    pool_slots, queue, priority, executor, hostname, pid, worker_id, dag_version_id, rendered_map_index, note, reason,
    max_rss_kb, cpu_ms, rendered_fields)
SELECT t.id, t.try_number,
    CASE WHEN t.state IN ('removed', 'success', 'failed', 'upstream_failed', 'skipped') THEN t.state ELSE 'failed' END,
    t.max_tries, t.scheduled_at, t.queued_at, t.start_date, COALESCE(t.end_date, t.updated_at), t.operator, t.pool,
    t.pool_slots, t.queue, t.priority, t.executor, t.hostname, t.pid, t.worker_id, t.dag_version_id,
    t.rendered_map_index, t.note, t.reason, t.max_rss_kb, t.cpu_ms, t.rendered_fields
FROM task_instance AS t
WHERE t.id IN {ids} AND t.try_number >= 1
    AND t.state IS NOT NULL AND t.state NOT IN ('scheduled', 'queued', 'running', 'restarting')
    AND (t.queued_at IS NOT NULL OR t.start_date IS NOT NULL)
ON CONFLICT DO NOTHING
