-- Whether a DAG is paused is decided once, when it is first seen; from then on it is the user's.
INSERT INTO dag (dag_id, display_name, bundle_name, relative_fileloc, fileloc, is_paused, is_stale, description, owners,
    timetable, timetable_summary, timetable_description, start_date, end_date, catchup, max_active_runs, max_active_tasks,
    max_consecutive_failed_dag_runs, allowed_run_types, last_parsed_at, last_parse_ms, created_at, updated_at,
    bundle_version)
SELECT dag_id, display_name, $2, $3, $4, is_paused, FALSE, description, owners,
    timetable, timetable_summary, timetable_description, start_date, end_date, catchup, max_active_runs, max_active_tasks,
    max_failed, allowed_run_types, $5, $6, $5, $5, bundle_version
FROM {rows} AS w
WHERE TRUE
ON CONFLICT (dag_id) DO UPDATE SET
    display_name = excluded.display_name,
    bundle_name = excluded.bundle_name,
    relative_fileloc = excluded.relative_fileloc,
    fileloc = excluded.fileloc,
    is_stale = FALSE,
    description = excluded.description,
    owners = excluded.owners,
    timetable = excluded.timetable,
    timetable_summary = excluded.timetable_summary,
    timetable_description = excluded.timetable_description,
    start_date = excluded.start_date,
    end_date = excluded.end_date,
    catchup = excluded.catchup,
    max_active_runs = excluded.max_active_runs,
    max_active_tasks = excluded.max_active_tasks,
    max_consecutive_failed_dag_runs = excluded.max_consecutive_failed_dag_runs,
    allowed_run_types = excluded.allowed_run_types,
    last_parsed_at = excluded.last_parsed_at,
    last_parse_ms = excluded.last_parse_ms,
    updated_at = excluded.updated_at,
    bundle_version = excluded.bundle_version
