UPDATE dag_run SET
    state_counts = COALESCE((
        SELECT json_group_object(state, n) FROM ( -- sqlite
        SELECT json_object_agg(state, n)::text FROM ( -- pg
            SELECT COALESCE(t.state, 'no_status') AS state, COUNT(*) AS n
            FROM task_instance AS t WHERE t.run_key = dag_run.id GROUP BY 1
        ) AS counted
    ), '{}'),
    fence = fence + 1,
    updated_at = $2
WHERE id IN {ids}
