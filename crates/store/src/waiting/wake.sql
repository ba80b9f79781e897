-- Only the try that waits is woken, and once: whatever was cleared, marked or woken meanwhile stays as it is.
UPDATE task_instance SET
    state = CASE
        WHEN w.new_state = 'up_for_retry' AND task_instance.try_number > task_instance.max_tries THEN 'failed'
        ELSE w.new_state
    END,
    fence = task_instance.fence + 1,
    scheduled_at = CASE WHEN w.new_state = 'scheduled' THEN w.at ELSE task_instance.scheduled_at END,
    end_date = CASE WHEN w.new_state = 'scheduled' THEN NULL ELSE w.at END,
    retry_at = NULL,
    reason = w.reason,
    updated_at = $2
FROM {rows} AS w
WHERE task_instance.id = w.ti_id AND task_instance.try_number = w.this_try
    AND task_instance.state IN ('deferred', 'awaiting_input')
RETURNING {columns}
