INSERT INTO asset_queue (dag_id, event_id, asset_id)
SELECT c.dag_id, c.event_id, c.asset_id FROM (
    SELECT r.dag_id, e.id AS event_id, e.asset_id, e.partition_key FROM asset_event AS e
    JOIN asset_reference AS r ON r.asset_id = e.asset_id AND r.kind = 'schedule'
    WHERE e.id IN {ids}
    UNION
    SELECT r.dag_id, e.id, e.asset_id, e.partition_key FROM asset_event AS e
    JOIN asset_alias_asset AS m ON m.asset_id = e.asset_id
    JOIN asset_alias_reference AS r ON r.alias_id = m.alias_id AND r.kind = 'schedule'
    WHERE e.id IN {ids}
    UNION
    SELECT r.dag_id, e.id, e.asset_id, e.partition_key FROM asset_event AS e
    JOIN asset AS a ON a.id = e.asset_id
    JOIN asset_loose_reference AS r ON r.name = a.name AND r.kind = 'schedule'
    WHERE e.id IN {ids}
    UNION
    SELECT r.dag_id, e.id, e.asset_id, e.partition_key FROM asset_event AS e
    JOIN asset AS a ON a.id = e.asset_id
    JOIN asset_loose_reference AS r ON r.uri = a.uri AND r.kind = 'schedule'
    WHERE e.id IN {ids}
) AS c
JOIN dag AS d ON d.dag_id = c.dag_id
WHERE NOT d.is_stale AND d.is_partitioned = (c.partition_key IS NOT NULL)
ON CONFLICT DO NOTHING
RETURNING dag_id
