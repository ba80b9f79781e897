-- A running try goes on until its worker has let go of it: only then may the next one begin.
UPDATE task_instance SET
    state = CASE WHEN task_instance.state IN ('running', 'restarting') THEN 'restarting' ELSE NULL END,
    fence = task_instance.fence + 1,
    -- A task that the DAG does not have any more keeps what it had.
    max_tries = CASE WHEN w.retries IS NOT NULL THEN task_instance.try_number + w.retries
        WHEN task_instance.max_tries > task_instance.try_number THEN task_instance.max_tries
        ELSE task_instance.try_number END,
    dag_version_id = CASE WHEN $3 THEN (SELECT d.latest_version_id FROM dag AS d WHERE d.dag_id = task_instance.dag_id)
        ELSE task_instance.dag_version_id END,
    scheduled_at = CASE WHEN task_instance.state IN ('running', 'restarting') THEN task_instance.scheduled_at ELSE NULL END,
    queued_at = CASE WHEN task_instance.state IN ('running', 'restarting') THEN task_instance.queued_at ELSE NULL END,
    start_date = CASE WHEN task_instance.state IN ('running', 'restarting') THEN task_instance.start_date ELSE NULL END,
    end_date = CASE WHEN task_instance.state IN ('running', 'restarting') THEN task_instance.end_date ELSE NULL END,
    retry_at = CASE WHEN task_instance.state IN ('running', 'restarting') THEN task_instance.retry_at ELSE NULL END,
    first_started_at = CASE WHEN task_instance.state IN ('running', 'restarting') THEN task_instance.first_started_at ELSE NULL END,
    hostname = CASE WHEN task_instance.state IN ('running', 'restarting') THEN task_instance.hostname ELSE NULL END,
    pid = CASE WHEN task_instance.state IN ('running', 'restarting') THEN task_instance.pid ELSE NULL END,
    worker_id = CASE WHEN task_instance.state IN ('running', 'restarting') THEN task_instance.worker_id ELSE NULL END,
    heartbeat_at = CASE WHEN task_instance.state IN ('running', 'restarting') THEN task_instance.heartbeat_at ELSE NULL END,
    reason = CASE WHEN task_instance.state IN ('running', 'restarting') THEN task_instance.reason ELSE NULL END,
    skip = CASE WHEN task_instance.state IN ('running', 'restarting') THEN task_instance.skip ELSE NULL END,
    map_length = CASE WHEN task_instance.state IN ('running', 'restarting') THEN task_instance.map_length ELSE NULL END,
    max_rss_kb = CASE WHEN task_instance.state IN ('running', 'restarting') THEN task_instance.max_rss_kb ELSE NULL END,
    cpu_ms = CASE WHEN task_instance.state IN ('running', 'restarting') THEN task_instance.cpu_ms ELSE NULL END,
    rendered_fields = CASE WHEN task_instance.state IN ('running', 'restarting') THEN task_instance.rendered_fields ELSE NULL END,
    reschedule_count = CASE WHEN task_instance.state IN ('running', 'restarting') THEN task_instance.reschedule_count ELSE 0 END,
    updated_at = $2
FROM {rows} AS w
WHERE task_instance.id = w.ti_id
RETURNING task_instance.id, task_instance.run_key, task_instance.state
