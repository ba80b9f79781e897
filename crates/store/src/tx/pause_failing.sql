UPDATE dag SET is_paused = TRUE, updated_at = $2
WHERE NOT is_paused AND max_consecutive_failed_dag_runs > 0
    AND dag_id IN (SELECT dag_id FROM dag_run WHERE id IN {ids})
    AND max_consecutive_failed_dag_runs = (
        SELECT COUNT(*) FROM (
            SELECT r.state FROM dag_run AS r
            WHERE r.dag_id = dag.dag_id AND r.state IN ('success', 'failed')
            ORDER BY r.run_after DESC, r.id DESC
            LIMIT dag.max_consecutive_failed_dag_runs
        ) AS newest
        WHERE newest.state = 'failed'
    )
RETURNING dag_id
