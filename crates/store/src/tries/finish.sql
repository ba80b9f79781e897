-- Only a running try ends, and only by the report about itself: whatever was cleared or marked meanwhile stays as it is.
UPDATE task_instance SET
    state = CASE
        WHEN w.new_state = 'up_for_retry' AND task_instance.try_number > task_instance.max_tries THEN 'failed'
        ELSE w.new_state
    END,
    fence = task_instance.fence + 1,
    reported_at = w.at,
    end_date = CASE WHEN w.new_state IN ('deferred', 'awaiting_input') THEN NULL ELSE w.at END,
    reason = w.reason,
    retry_at = CASE
        WHEN w.new_state = 'up_for_retry' AND task_instance.try_number > task_instance.max_tries THEN NULL
        ELSE w.retry_at
    END,
    reschedule_count = task_instance.reschedule_count + CASE WHEN w.new_state = 'up_for_reschedule' THEN 1 ELSE 0 END,
    skip = w.skip,
    map_length = w.map_length,
    max_rss_kb = w.max_rss_kb,
    cpu_ms = w.cpu_ms,
    updated_at = $2
FROM {rows} AS w
WHERE task_instance.id = w.ti_id AND task_instance.try_number = w.this_try AND task_instance.state = 'running'
    -- The report of an earlier part of the try that comes again ends nothing.
    AND task_instance.reported_at IS DISTINCT FROM w.at
    AND (w.silent_since IS NULL OR task_instance.heartbeat_at IS NULL OR task_instance.heartbeat_at < w.silent_since)
RETURNING {columns}
