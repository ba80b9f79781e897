-- The latest version of the DAG, with the commit that it was parsed from last, unless the caller chose another version. Both unique keys may refuse the row.
INSERT INTO dag_run (dag_id, run_id, run_type, triggered_by, triggering_user, logical_date, data_interval_start,
    data_interval_end, run_after, queued_at, owner, dag_version_id, note, conf, state, bundle_version,
    created_at, updated_at)
SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, v.id, $13, $14, 'queued',
    CASE WHEN v.id = d.latest_version_id THEN d.bundle_version ELSE v.bundle_version END, $10, $10
FROM (SELECT COALESCE($12, (SELECT latest_version_id FROM dag WHERE dag_id = $1)) AS id) AS chosen
LEFT JOIN dag_version AS v ON v.id = chosen.id
LEFT JOIN dag AS d ON d.dag_id = $1
WHERE TRUE
ON CONFLICT DO NOTHING
RETURNING id, dag_version_id
