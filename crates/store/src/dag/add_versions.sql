INSERT INTO dag_version (dag_id, version_number, hash, bundle_name, created_at, data, source, bundle_version)
SELECT w.dag_id,
    COALESCE((SELECT MAX(v.version_number) FROM dag_version AS v WHERE v.dag_id = w.dag_id), 0) + 1,
    w.hash, $2, $3, w.data, $4, w.bundle_version
FROM {rows} AS w
WHERE NOT EXISTS (SELECT 1 FROM dag AS d JOIN dag_version AS v ON v.id = d.latest_version_id
    WHERE d.dag_id = w.dag_id AND v.hash = w.hash)
RETURNING id, dag_id
