UPDATE task_instance SET
    state = w.new_state,
    fence = task_instance.fence + 1,
    map_index = w.new_map_index,
    try_number = w.new_try,
    max_tries = w.max_tries,
    scheduled_at = w.scheduled_at,
    queued_at = w.queued_at,
    start_date = w.start_date,
    end_date = w.end_date,
    retry_at = w.retry_at,
    reason = w.reason,
    -- A new try knows nothing of the old one.
    hostname = CASE WHEN w.new_try > task_instance.try_number THEN NULL ELSE task_instance.hostname END,
    pid = CASE WHEN w.new_try > task_instance.try_number THEN NULL ELSE task_instance.pid END,
    worker_id = CASE WHEN w.new_try > task_instance.try_number THEN NULL ELSE task_instance.worker_id END,
    heartbeat_at = CASE WHEN w.new_try > task_instance.try_number THEN NULL ELSE task_instance.heartbeat_at END,
    rendered_fields = CASE WHEN w.new_try > task_instance.try_number THEN NULL ELSE task_instance.rendered_fields END,
    max_rss_kb = CASE WHEN w.new_try > task_instance.try_number THEN NULL ELSE task_instance.max_rss_kb END,
    cpu_ms = CASE WHEN w.new_try > task_instance.try_number THEN NULL ELSE task_instance.cpu_ms END,
    map_length = CASE WHEN w.new_try > task_instance.try_number THEN NULL ELSE task_instance.map_length END,
    reported_at = CASE WHEN w.new_try > task_instance.try_number THEN NULL ELSE task_instance.reported_at END,
    skip = CASE WHEN w.new_try > task_instance.try_number THEN NULL ELSE task_instance.skip END,
    -- The timeout of a sensor that was rescheduled counts over its retries as well.
    first_started_at = CASE WHEN w.new_try > task_instance.try_number AND task_instance.reschedule_count = 0
        AND task_instance.first_started_at IS NOT DISTINCT FROM task_instance.start_date
        THEN NULL ELSE task_instance.first_started_at END,
    reschedule_count = CASE WHEN w.new_try > task_instance.try_number THEN 0 ELSE task_instance.reschedule_count END,
    updated_at = $2
FROM {rows} AS w
WHERE task_instance.id = w.ti_id AND task_instance.fence = w.expect_fence
    AND task_instance.state IS NOT DISTINCT FROM w.expect_state
RETURNING task_instance.id,
    CASE WHEN task_instance.state IN ('success', 'failed', 'skipped', 'upstream_failed', 'removed') AND EXISTS (
        SELECT 1 FROM trigger AS a WHERE a.awaited_dag = task_instance.dag_id) THEN task_instance.dag_id END
