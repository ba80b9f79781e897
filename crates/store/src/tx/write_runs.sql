UPDATE dag_run SET
    state = w.state,
    start_date = w.start_date,
    end_date = w.end_date,
    dag_version_id = w.dag_version_id,
    state_counts = w.state_counts,
    owner = CASE WHEN w.state IN ('success', 'failed') THEN NULL ELSE dag_run.owner END,
    updated_at = w.updated_at
FROM {rows} AS w
WHERE dag_run.id = w.run_key AND dag_run.state = w.expect_state AND dag_run.owner = w.owner
    AND dag_run.fence = w.expect_fence
RETURNING dag_run.id,
    CASE WHEN dag_run.state IN ('success', 'failed') AND EXISTS (
        SELECT 1 FROM trigger AS a WHERE a.awaited_dag = dag_run.dag_id) THEN dag_run.dag_id END
