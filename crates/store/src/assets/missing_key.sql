-- DAGs that wait for partitions never hear of events without one: that is worth a word.
INSERT INTO event_log (at, event, dag_id, run_id, task_id, map_index, extra)
SELECT $2, 'missing partition key', e.source_dag_id, e.source_run_id, e.source_task_id, e.source_map_index,
    'DAG ' || r.dag_id || ' waits for partitions of asset ' || a.name || ', and its update had no partition key'
FROM asset_event AS e
JOIN asset AS a ON a.id = e.asset_id
JOIN asset_reference AS r ON r.asset_id = e.asset_id AND r.kind = 'schedule'
JOIN dag AS d ON d.dag_id = r.dag_id
WHERE e.id IN {ids} AND e.partition_key IS NULL AND d.is_partitioned AND NOT d.is_stale
