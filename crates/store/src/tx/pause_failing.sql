-- As many of the DAG's newest finished runs failed, without one that did not among them, as it allows in a row.
UPDATE dag SET is_paused = TRUE, updated_at = $2
WHERE NOT is_paused AND max_consecutive_failed_dag_runs > 0
    AND dag_id IN (SELECT dag_id FROM dag_run WHERE id IN {ids})
    AND max_consecutive_failed_dag_runs <= (
        SELECT COUNT(*) FROM dag_run AS r
        WHERE r.dag_id = dag.dag_id AND r.state = 'failed'
            AND NOT EXISTS (SELECT 1 FROM dag_run AS s
                WHERE s.dag_id = r.dag_id AND s.state = 'success'
                    AND (s.run_after > r.run_after OR (s.run_after = r.run_after AND s.id > r.id)))
    )
RETURNING dag_id
