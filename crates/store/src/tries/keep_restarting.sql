INSERT INTO task_try (ti_id, try_number, state, max_tries, scheduled_at, queued_at, start_date, end_date, operator, pool,
    pool_slots, queue, priority, executor, hostname, pid, worker_id, dag_version_id, rendered_map_index, note, reason,
    max_rss_kb, cpu_ms, rendered_fields)
SELECT t.id, t.try_number, 'failed', t.max_tries, t.scheduled_at, t.queued_at, t.start_date, w.at, t.operator, t.pool,
    t.pool_slots, t.queue, t.priority, t.executor, t.hostname, t.pid, t.worker_id, t.dag_version_id,
    t.rendered_map_index, t.note, 'cleared while it was running', w.max_rss_kb, w.cpu_ms, t.rendered_fields
FROM {rows} AS w, task_instance AS t
WHERE t.id = w.ti_id AND t.try_number = w.this_try AND t.state = 'restarting'
    AND t.reported_at IS DISTINCT FROM w.at
    AND (w.silent_since IS NULL OR t.heartbeat_at IS NULL OR t.heartbeat_at < w.silent_since)
ON CONFLICT DO NOTHING
