UPDATE task_instance SET
    state = NULL,
    fence = task_instance.fence + 1,
    scheduled_at = NULL,
    queued_at = NULL,
    start_date = NULL,
    end_date = NULL,
    retry_at = NULL,
    reason = NULL,
    skip = NULL,
    map_length = NULL,
    updated_at = $2
FROM {rows} AS w
WHERE task_instance.id = w.ti_id AND task_instance.try_number = w.this_try AND task_instance.state = 'restarting'
    AND task_instance.reported_at IS DISTINCT FROM w.at
    AND (w.silent_since IS NULL OR task_instance.heartbeat_at IS NULL OR task_instance.heartbeat_at < w.silent_since)
RETURNING {columns}
