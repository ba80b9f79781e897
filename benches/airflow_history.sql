-- Gives an Airflow 3.3 on PostgreSQL, which has parsed dags_history.py, the history that `browse.py fill` makes here:
-- 100 runs of each of the 200 DAGs, 50 task instances each, all successful.
INSERT INTO dag_run (dag_id, run_id, run_type, state, run_after, queued_at, start_date, end_date, created_at,
                     updated_at, conf, clear_number, triggered_by, created_dag_version_id, log_template_id)
SELECT d.dag_id, 'bench__' || gen_random_uuid(), 'manual', 'success', t, t, t, t + interval '2 s', t, t, '{}', 0,
       'REST_API', v.id, 1
FROM dag d
JOIN LATERAL (SELECT id FROM dag_version WHERE dag_version.dag_id = d.dag_id ORDER BY version_number DESC LIMIT 1) v ON true
CROSS JOIN generate_series(1, 100) AS n
CROSS JOIN LATERAL (SELECT now() - n * interval '10 min' + hashtext(d.dag_id) % 300 * interval '1 s' AS t) AS at
WHERE d.dag_id LIKE 'history\_%';

INSERT INTO task_instance (id, task_id, dag_id, run_id, map_index, start_date, end_date, duration, state, try_number,
                           max_tries, hostname, unixname, pool, pool_slots, queue, priority_weight, operator,
                           queued_dttm, scheduled_dttm, updated_at, dag_version_id, task_display_name, executor_config)
SELECT gen_random_uuid(), 'step_' || lpad(n::text, 2, '0'), r.dag_id, r.run_id, -1, r.start_date, r.end_date, 1.0,
       'success', 1, 0, 'bench', 'bench', 'default_pool', 1, 'default', 1, 'EmptyOperator', r.start_date, r.start_date,
       r.end_date, r.created_dag_version_id, 'step_' || lpad(n::text, 2, '0'), '\x80057d942e'::bytea
FROM dag_run r CROSS JOIN generate_series(0, 49) AS n
WHERE r.dag_id LIKE 'history\_%';

VACUUM ANALYZE;
