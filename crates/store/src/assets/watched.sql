-- The watcher `w` is wanted: its DAG is there, and a DAG that is not paused waits for its asset.
EXISTS (SELECT 1 FROM dag AS d WHERE d.dag_id = w.dag_id AND NOT d.is_stale)
AND (EXISTS (SELECT 1 FROM asset_reference AS r JOIN dag AS c ON c.dag_id = r.dag_id
        WHERE r.asset_id = w.asset_id AND r.kind = 'schedule' AND NOT c.is_stale AND NOT c.is_paused)
    OR EXISTS (SELECT 1 FROM asset AS a JOIN asset_loose_reference AS r ON r.name = a.name OR r.uri = a.uri
        JOIN dag AS c ON c.dag_id = r.dag_id
        WHERE a.id = w.asset_id AND r.kind = 'schedule' AND NOT c.is_stale AND NOT c.is_paused))
