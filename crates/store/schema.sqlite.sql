CREATE TABLE asset (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    uri TEXT NOT NULL,
    asset_group TEXT NOT NULL DEFAULT 'asset',
    extra TEXT NOT NULL DEFAULT '{}',
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT asset_key UNIQUE (name, uri)
);

CREATE INDEX asset_uri ON asset (uri);

CREATE TABLE asset_alias (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    alias_group TEXT NOT NULL DEFAULT 'asset',
    CONSTRAINT asset_alias_name UNIQUE (name)
);

CREATE TABLE asset_alias_asset (
    alias_id BIGINT NOT NULL REFERENCES asset_alias (id) ON DELETE CASCADE,
    asset_id BIGINT NOT NULL REFERENCES asset (id) ON DELETE CASCADE,
    PRIMARY KEY (alias_id, asset_id)
);

CREATE INDEX asset_alias_of_asset ON asset_alias_asset (asset_id);

CREATE TABLE asset_alias_reference (
    dag_id TEXT NOT NULL REFERENCES dag (dag_id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    task_id TEXT NOT NULL,
    alias_id BIGINT NOT NULL REFERENCES asset_alias (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (dag_id, kind, task_id, alias_id),
    CONSTRAINT asset_alias_reference_kind CHECK (kind IN ('schedule', 'outlet', 'inlet'))
);

CREATE INDEX asset_alias_reference_alias ON asset_alias_reference (alias_id, kind);

CREATE TABLE asset_event (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    asset_id BIGINT NOT NULL REFERENCES asset (id),
    at BIGINT NOT NULL,
    extra TEXT NOT NULL DEFAULT '{}',
    source_dag_id TEXT,
    source_task_id TEXT,
    source_run_id TEXT,
    source_map_index INTEGER,
    partition_key TEXT,
    partition_date BIGINT
);

CREATE INDEX asset_event_asset ON asset_event (asset_id, at, id);

CREATE INDEX asset_event_at ON asset_event (at, id);

CREATE INDEX asset_event_source ON asset_event (source_dag_id, source_run_id) WHERE source_dag_id IS NOT NULL;

CREATE TABLE asset_event_alias (
    event_id BIGINT NOT NULL REFERENCES asset_event (id) ON DELETE CASCADE,
    alias_id BIGINT NOT NULL REFERENCES asset_alias (id) ON DELETE CASCADE,
    PRIMARY KEY (event_id, alias_id)
);

CREATE INDEX asset_event_alias_alias ON asset_event_alias (alias_id, event_id);

CREATE TABLE asset_loose_reference (
    dag_id TEXT NOT NULL REFERENCES dag (dag_id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    task_id TEXT NOT NULL,
    name TEXT NOT NULL,
    uri TEXT NOT NULL,
    PRIMARY KEY (dag_id, kind, task_id, name, uri),
    CONSTRAINT asset_loose_reference_kind CHECK (kind IN ('schedule', 'outlet', 'inlet')),
    CONSTRAINT asset_loose_reference_one CHECK ((name = '') <> (uri = ''))
);

CREATE INDEX asset_loose_reference_name ON asset_loose_reference (name, kind);

CREATE INDEX asset_loose_reference_uri ON asset_loose_reference (uri, kind);

CREATE TABLE asset_queue (
    dag_id TEXT NOT NULL REFERENCES dag (dag_id) ON DELETE CASCADE,
    event_id BIGINT NOT NULL REFERENCES asset_event (id) ON DELETE CASCADE,
    partition_key TEXT NOT NULL DEFAULT '',
    asset_id BIGINT NOT NULL REFERENCES asset (id) ON DELETE CASCADE,
    PRIMARY KEY (dag_id, event_id, partition_key)
);

CREATE INDEX asset_queue_asset ON asset_queue (dag_id, asset_id, event_id);

CREATE INDEX asset_queue_event ON asset_queue (event_id);

CREATE INDEX asset_queue_of_asset ON asset_queue (asset_id);

CREATE TABLE asset_reference (
    dag_id TEXT NOT NULL REFERENCES dag (dag_id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    task_id TEXT NOT NULL,
    asset_id BIGINT NOT NULL REFERENCES asset (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (dag_id, kind, task_id, asset_id),
    CONSTRAINT asset_reference_kind CHECK (kind IN ('schedule', 'outlet', 'inlet'))
);

CREATE INDEX asset_reference_asset ON asset_reference (asset_id, kind);

CREATE TABLE asset_state_store (
    asset_id BIGINT NOT NULL REFERENCES asset (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    writer TEXT NOT NULL,
    dag_id TEXT,
    run_id TEXT,
    task_id TEXT,
    map_index INTEGER,
    value TEXT NOT NULL,
    PRIMARY KEY (asset_id, key),
    CONSTRAINT asset_state_store_writer CHECK (writer IN ('task', 'watcher', 'api'))
);

CREATE TABLE asset_watcher (
    dag_id TEXT NOT NULL REFERENCES dag (dag_id) ON DELETE CASCADE,
    asset_id BIGINT NOT NULL REFERENCES asset (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    watcher TEXT NOT NULL,
    classpath TEXT NOT NULL,
    kwargs TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (dag_id, asset_id, name)
);

CREATE INDEX asset_watcher_asset ON asset_watcher (asset_id);

CREATE INDEX asset_watcher_watcher ON asset_watcher (watcher);

CREATE TABLE awaited_change (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    dag_id TEXT NOT NULL
);

CREATE TABLE backfill (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    dag_id TEXT NOT NULL REFERENCES dag (dag_id) ON DELETE CASCADE,
    from_date BIGINT NOT NULL,
    to_date BIGINT NOT NULL,
    dag_run_conf TEXT,
    is_paused BOOLEAN NOT NULL DEFAULT FALSE,
    run_backwards BOOLEAN NOT NULL,
    reprocess_behavior TEXT NOT NULL,
    max_active_runs INTEGER NOT NULL,
    triggering_user TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    completed_at BIGINT,
    CONSTRAINT backfill_reprocess CHECK (reprocess_behavior IN ('none', 'failed', 'completed')),
    CONSTRAINT backfill_max_active_runs CHECK (max_active_runs >= 1)
);

CREATE INDEX backfill_of_dag ON backfill (dag_id, id);

CREATE UNIQUE INDEX backfill_one_active ON backfill (dag_id) WHERE completed_at IS NULL;

CREATE TABLE backfill_dag_run (
    backfill_id BIGINT NOT NULL REFERENCES backfill (id) ON DELETE CASCADE,
    ordinal INTEGER NOT NULL,
    logical_date BIGINT,
    run_key BIGINT REFERENCES dag_run (id) ON DELETE SET NULL,
    exception_reason TEXT,
    PRIMARY KEY (backfill_id, ordinal)
);

CREATE INDEX backfill_dag_run_run ON backfill_dag_run (run_key) WHERE run_key IS NOT NULL;

CREATE TABLE callback (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    dag_id TEXT NOT NULL,
    run_key BIGINT,
    ti_id BIGINT,
    bundle_name TEXT NOT NULL,
    relative_fileloc TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    claimed_by BIGINT,
    lease_until BIGINT,
    request TEXT NOT NULL,
    CONSTRAINT callback_kind CHECK (kind IN ('task', 'dag', 'deadline', 'sla', 'reference')),
    CONSTRAINT callback_claim_whole CHECK ((claimed_by IS NULL) = (lease_until IS NULL))
);

CREATE INDEX callback_of_bundle ON callback (bundle_name, id);

CREATE TABLE connection (
    conn_id TEXT NOT NULL PRIMARY KEY,
    conn_type TEXT NOT NULL,
    description TEXT,
    host TEXT,
    schema TEXT,
    login TEXT,
    password TEXT,
    port INTEGER,
    extra TEXT,
    is_encrypted BOOLEAN NOT NULL,
    is_extra_encrypted BOOLEAN NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE connection_test (
    token TEXT NOT NULL PRIMARY KEY,
    conn_id TEXT NOT NULL,
    state TEXT NOT NULL,
    result_message TEXT,
    created_at BIGINT NOT NULL,
    CONSTRAINT connection_test_state CHECK (state IN ('pending', 'running', 'success', 'failed'))
);

CREATE INDEX connection_test_conn ON connection_test (conn_id);

CREATE TABLE dag (
    dag_id TEXT NOT NULL PRIMARY KEY,
    display_name TEXT,
    bundle_name TEXT NOT NULL,
    relative_fileloc TEXT NOT NULL,
    fileloc TEXT NOT NULL,
    is_paused BOOLEAN NOT NULL,
    is_stale BOOLEAN NOT NULL DEFAULT FALSE,
    description TEXT,
    owners TEXT NOT NULL DEFAULT '[]',
    timetable TEXT NOT NULL,
    timetable_summary TEXT,
    timetable_description TEXT,
    start_date BIGINT,
    end_date BIGINT,
    catchup BOOLEAN NOT NULL DEFAULT FALSE,
    max_active_runs INTEGER NOT NULL,
    max_active_tasks INTEGER NOT NULL,
    max_consecutive_failed_dag_runs INTEGER NOT NULL DEFAULT 0,
    has_import_errors BOOLEAN NOT NULL DEFAULT FALSE,
    next_logical_date BIGINT,
    next_interval_start BIGINT,
    next_interval_end BIGINT,
    next_run_after BIGINT,
    next_version_id BIGINT,
    last_parsed_at BIGINT,
    last_parse_ms BIGINT,
    latest_version_id BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL, is_partitioned BOOLEAN NOT NULL DEFAULT FALSE, allowed_run_types TEXT, bundle_version TEXT,
    CONSTRAINT dag_next_run_whole CHECK ((next_run_after IS NULL) = (next_interval_start IS NULL)
        AND (next_run_after IS NULL) = (next_interval_end IS NULL))
);

CREATE INDEX dag_file_of ON dag (bundle_name, relative_fileloc);

CREATE TABLE dag_access (
    dag_id TEXT NOT NULL,
    role TEXT NOT NULL,
    resource TEXT NOT NULL,
    action TEXT NOT NULL,
    PRIMARY KEY (dag_id, role, resource, action)
);

CREATE INDEX dag_access_role ON dag_access (role);

CREATE TABLE dag_favorite (
    dag_id TEXT NOT NULL REFERENCES dag (dag_id) ON DELETE CASCADE,
    username TEXT NOT NULL,
    PRIMARY KEY (dag_id, username)
);

CREATE TABLE dag_file (
    bundle_name TEXT NOT NULL,
    relative_fileloc TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    modules TEXT NOT NULL DEFAULT '[]',
    last_parsed_at BIGINT NOT NULL,
    parse_ms BIGINT NOT NULL,
    dag_count INTEGER NOT NULL,
    PRIMARY KEY (bundle_name, relative_fileloc)
);

CREATE TABLE dag_run (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    dag_id TEXT NOT NULL,
    run_id TEXT NOT NULL,
    run_type TEXT NOT NULL,
    triggered_by TEXT NOT NULL,
    triggering_user TEXT,
    logical_date BIGINT,
    data_interval_start BIGINT,
    data_interval_end BIGINT,
    run_after BIGINT NOT NULL,
    queued_at BIGINT,
    start_date BIGINT,
    end_date BIGINT,
    state TEXT NOT NULL,
    clear_number INTEGER NOT NULL DEFAULT 0,
    owner BIGINT,
    dag_version_id BIGINT,
    bundle_version TEXT,
    state_counts TEXT NOT NULL DEFAULT '{}',
    note TEXT,
    conf TEXT NOT NULL DEFAULT '{}',
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL, partition_key TEXT, partition_date BIGINT, backfill_id BIGINT, backfill_ordinal INTEGER, fence BIGINT NOT NULL DEFAULT 0,
    CONSTRAINT dag_run_run_id UNIQUE (dag_id, run_id),
    CONSTRAINT dag_run_state CHECK (state IN ('queued', 'running', 'success', 'failed')),
    CONSTRAINT dag_run_type CHECK (run_type IN ('backfill', 'scheduled', 'manual', 'operator_triggered',
        'asset_triggered', 'asset_materialization')),
    CONSTRAINT dag_run_queued_has_queued_at CHECK (state <> 'queued' OR queued_at IS NOT NULL),
    CONSTRAINT dag_run_running_has_start CHECK (state <> 'running' OR start_date IS NOT NULL),
    CONSTRAINT dag_run_finished_has_end CHECK ((state IN ('success', 'failed')) = (end_date IS NOT NULL))
);

CREATE INDEX dag_run_active ON dag_run (dag_id, state, owner) WHERE state IN ('queued', 'running');

CREATE INDEX dag_run_automated ON dag_run (dag_id, logical_date) WHERE run_type IN ('backfill', 'scheduled');

CREATE INDEX dag_run_backfill ON dag_run (backfill_id, state) WHERE backfill_id IS NOT NULL;

CREATE INDEX dag_run_failed ON dag_run (run_after DESC, id DESC) WHERE state = 'failed';

CREATE UNIQUE INDEX dag_run_logical_date ON dag_run (dag_id, logical_date) WHERE logical_date IS NOT NULL;

CREATE INDEX dag_run_newest ON dag_run (run_after DESC, id DESC);

CREATE INDEX dag_run_newest_of_dag ON dag_run (dag_id, run_after DESC, id DESC);

CREATE INDEX dag_run_partition ON dag_run (dag_id, partition_key) WHERE partition_key IS NOT NULL;

CREATE INDEX dag_run_updated ON dag_run (updated_at);

CREATE TABLE dag_run_asset_event (
    run_key BIGINT NOT NULL REFERENCES dag_run (id) ON DELETE CASCADE,
    event_id BIGINT NOT NULL REFERENCES asset_event (id) ON DELETE CASCADE,
    PRIMARY KEY (run_key, event_id)
);

CREATE INDEX dag_run_asset_event_event ON dag_run_asset_event (event_id);

CREATE TABLE dag_tag (
    dag_id TEXT NOT NULL REFERENCES dag (dag_id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    PRIMARY KEY (dag_id, name)
);

CREATE INDEX dag_tag_name ON dag_tag (name);

CREATE TABLE dag_version (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    dag_id TEXT NOT NULL REFERENCES dag (dag_id) ON DELETE CASCADE,
    version_number INTEGER NOT NULL,
    hash TEXT NOT NULL,
    bundle_name TEXT NOT NULL,
    bundle_version TEXT,
    created_at BIGINT NOT NULL,
    data TEXT NOT NULL,
    source TEXT NOT NULL,
    CONSTRAINT dag_version_number UNIQUE (dag_id, version_number)
);

CREATE TABLE deadline (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid TEXT NOT NULL,
    kind TEXT NOT NULL,
    run_key BIGINT NOT NULL REFERENCES dag_run (id) ON DELETE CASCADE,
    dag_id TEXT NOT NULL,
    task_id TEXT,
    alert INTEGER,
    dag_version_id BIGINT,
    due_at BIGINT NOT NULL,
    missed BOOLEAN NOT NULL DEFAULT FALSE,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT deadline_uuid UNIQUE (uuid),
    CONSTRAINT deadline_kind CHECK ((kind = 'deadline' AND task_id IS NULL AND alert IS NOT NULL)
        OR (kind = 'sla' AND task_id IS NOT NULL AND alert IS NULL))
);

CREATE INDEX deadline_due ON deadline (due_at) WHERE NOT missed;

CREATE INDEX deadline_of_run ON deadline (run_key);

CREATE TABLE deferral (
    ti_id BIGINT NOT NULL PRIMARY KEY REFERENCES task_instance (id) ON DELETE CASCADE,
    try_number INTEGER NOT NULL,
    next_method TEXT NOT NULL,
    next_kwargs TEXT NOT NULL,
    ends TEXT,
    outcome TEXT
, asset_updates TEXT);

CREATE TABLE event_log (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at BIGINT NOT NULL,
    event TEXT NOT NULL,
    dag_id TEXT,
    run_id TEXT,
    task_id TEXT,
    map_index INTEGER,
    try_number INTEGER,
    username TEXT,
    extra TEXT
);

CREATE INDEX event_log_at ON event_log (at);

CREATE INDEX event_log_dag ON event_log (dag_id, id);

CREATE TABLE external_timetable (
    dag_id TEXT NOT NULL PRIMARY KEY REFERENCES dag (dag_id) ON DELETE CASCADE,
    version_id BIGINT,
    after_start BIGINT,
    after_end BIGINT,
    asked_at BIGINT NOT NULL DEFAULT 0,
    answers TEXT,
    error TEXT,
    CONSTRAINT external_timetable_after_whole CHECK ((after_start IS NULL) = (after_end IS NULL))
);

CREATE TABLE hitl_detail (
    ti_id BIGINT NOT NULL REFERENCES task_instance (id) ON DELETE CASCADE,
    try_number INTEGER NOT NULL,
    subject TEXT NOT NULL,
    body TEXT,
    options TEXT NOT NULL,
    defaults TEXT,
    multiple BOOLEAN NOT NULL DEFAULT FALSE,
    params TEXT NOT NULL DEFAULT '{}',
    assigned_users TEXT NOT NULL DEFAULT '[]',
    created_at BIGINT NOT NULL,
    responded_at BIGINT,
    responder_id TEXT,
    responder_name TEXT,
    chosen_options TEXT,
    params_input TEXT,
    PRIMARY KEY (ti_id, try_number),
    CONSTRAINT hitl_detail_answer_whole CHECK ((responded_at IS NULL) = (chosen_options IS NULL))
);

CREATE INDEX hitl_detail_created ON hitl_detail (created_at);

CREATE INDEX hitl_detail_open ON hitl_detail (created_at) WHERE responded_at IS NULL;

CREATE TABLE import_error (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    bundle_name TEXT NOT NULL,
    relative_fileloc TEXT NOT NULL,
    fileloc TEXT NOT NULL,
    at BIGINT NOT NULL,
    message TEXT NOT NULL,
    line INTEGER,
    traceback TEXT NOT NULL, source TEXT NOT NULL DEFAULT 'file',
    CONSTRAINT import_error_file UNIQUE (bundle_name, relative_fileloc)
);

CREATE TABLE inbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    run_key BIGINT NOT NULL,
    ti_id BIGINT
, dag_id TEXT);

CREATE TABLE job (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    hostname TEXT NOT NULL,
    pid BIGINT NOT NULL,
    state TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    heartbeat_at BIGINT NOT NULL,
    ended_at BIGINT,
    details TEXT NOT NULL DEFAULT '{}', wanted TEXT,
    CONSTRAINT job_state CHECK (state IN ('running', 'ended')),
    CONSTRAINT job_ended_has_end CHECK ((state = 'ended') = (ended_at IS NOT NULL))
);

CREATE INDEX job_ended ON job (ended_at) WHERE state = 'ended';

CREATE INDEX job_running ON job (kind, heartbeat_at) WHERE state = 'running';

CREATE TABLE parse_request (
    bundle_name TEXT NOT NULL,
    relative_fileloc TEXT NOT NULL,
    PRIMARY KEY (bundle_name, relative_fileloc)
);

CREATE TABLE pod (
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    ti_id BIGINT NOT NULL,
    try_number INTEGER NOT NULL,
    scheduler_id BIGINT NOT NULL,
    phase TEXT NOT NULL,
    node TEXT,
    reason TEXT,
    message TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    ended_at BIGINT,
    CONSTRAINT pod_key PRIMARY KEY (namespace, name),
    CONSTRAINT pod_phase CHECK (phase IN ('Pending', 'Running', 'Succeeded', 'Failed', 'Deleted'))
);

CREATE INDEX pod_ended ON pod (ended_at);

CREATE TABLE pool (
    name TEXT NOT NULL PRIMARY KEY,
    slots INTEGER NOT NULL,
    description TEXT,
    include_deferred BOOLEAN NOT NULL DEFAULT FALSE,
    CONSTRAINT pool_slots CHECK (slots >= -1)
);

CREATE TABLE python_question (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    question TEXT NOT NULL,
    is_encrypted BOOLEAN NOT NULL,
    asked_at BIGINT NOT NULL,
    claimed_at BIGINT,
    answer TEXT,
    error TEXT
);

CREATE INDEX python_question_open ON python_question (id) WHERE answer IS NULL AND error IS NULL;

CREATE TABLE revoked_token (
    jti TEXT NOT NULL PRIMARY KEY,
    expires_at BIGINT NOT NULL
);

CREATE TABLE role (
    name TEXT NOT NULL PRIMARY KEY,
    created_at BIGINT NOT NULL
);

CREATE TABLE role_permission (
    role TEXT NOT NULL,
    action TEXT NOT NULL,
    resource TEXT NOT NULL,
    PRIMARY KEY (role, resource, action)
);

CREATE TABLE schema_migration (
        version BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL);

CREATE TABLE setting (
    key TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE task_instance (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    run_key BIGINT NOT NULL REFERENCES dag_run (id) ON DELETE CASCADE,
    dag_id TEXT NOT NULL,
    task_id TEXT NOT NULL,
    map_index INTEGER NOT NULL DEFAULT -1,
    state TEXT,
    fence BIGINT NOT NULL DEFAULT 0,
    try_number INTEGER NOT NULL DEFAULT 0,
    max_tries INTEGER NOT NULL,
    scheduled_at BIGINT,
    queued_at BIGINT,
    start_date BIGINT,
    end_date BIGINT,
    retry_at BIGINT,
    first_started_at BIGINT,
    reschedule_count INTEGER NOT NULL DEFAULT 0,
    operator TEXT NOT NULL,
    pool TEXT NOT NULL,
    pool_slots INTEGER NOT NULL,
    queue TEXT NOT NULL,
    priority INTEGER NOT NULL,
    executor TEXT,
    hostname TEXT,
    pid BIGINT,
    worker_id BIGINT,
    heartbeat_at BIGINT,
    dag_version_id BIGINT,
    rendered_map_index TEXT,
    note TEXT,
    reason TEXT,
    max_rss_kb BIGINT,
    cpu_ms BIGINT,
    map_length INTEGER,
    skip TEXT,
    updated_at BIGINT NOT NULL,
    rendered_fields TEXT, reported_at BIGINT,
    CONSTRAINT task_instance_key UNIQUE (run_key, task_id, map_index),
    CONSTRAINT task_instance_state CHECK (state IN ('removed', 'scheduled', 'queued', 'running', 'success',
        'restarting', 'failed', 'up_for_retry', 'up_for_reschedule', 'upstream_failed', 'skipped', 'deferred',
        'awaiting_input')),
    CONSTRAINT task_instance_queued_has_queued_at CHECK (state <> 'queued' OR queued_at IS NOT NULL),
    CONSTRAINT task_instance_running_has_start CHECK (state <> 'running' OR start_date IS NOT NULL),
    CONSTRAINT task_instance_finished_has_end CHECK
        (state NOT IN ('success', 'failed', 'upstream_failed', 'skipped') OR end_date IS NOT NULL),
    CONSTRAINT task_instance_tries CHECK (try_number >= 0 AND pool_slots >= 1)
);

CREATE INDEX task_instance_active ON task_instance (state, priority)
    WHERE state IN ('queued', 'running', 'restarting', 'deferred', 'awaiting_input');

CREATE INDEX task_instance_failed ON task_instance (start_date DESC, id DESC) WHERE state = 'failed';

CREATE INDEX task_instance_start ON task_instance (start_date, id) WHERE start_date IS NOT NULL;

CREATE INDEX task_instance_task ON task_instance (dag_id, task_id);

CREATE TABLE task_state_store (
    run_key BIGINT NOT NULL REFERENCES dag_run (id) ON DELETE CASCADE,
    task_id TEXT NOT NULL,
    map_index INTEGER NOT NULL,
    key TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    expires_at BIGINT,
    value TEXT NOT NULL,
    PRIMARY KEY (run_key, task_id, map_index, key)
);

CREATE INDEX task_state_store_expires ON task_state_store (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE task_try (
    ti_id BIGINT NOT NULL REFERENCES task_instance (id) ON DELETE CASCADE,
    try_number INTEGER NOT NULL,
    state TEXT NOT NULL,
    max_tries INTEGER NOT NULL,
    scheduled_at BIGINT,
    queued_at BIGINT,
    start_date BIGINT,
    end_date BIGINT,
    operator TEXT NOT NULL,
    pool TEXT NOT NULL,
    pool_slots INTEGER NOT NULL,
    queue TEXT NOT NULL,
    priority INTEGER NOT NULL,
    executor TEXT,
    hostname TEXT,
    pid BIGINT,
    worker_id BIGINT,
    dag_version_id BIGINT,
    rendered_map_index TEXT,
    note TEXT,
    reason TEXT,
    max_rss_kb BIGINT,
    cpu_ms BIGINT,
    rendered_fields TEXT,
    PRIMARY KEY (ti_id, try_number),
    CONSTRAINT task_try_state CHECK (state IN ('removed', 'success', 'failed', 'upstream_failed', 'skipped'))
);

CREATE TABLE timetable_question (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    dag_id TEXT NOT NULL REFERENCES dag (dag_id) ON DELETE CASCADE,
    question TEXT NOT NULL,
    asked_at BIGINT NOT NULL,
    answer TEXT,
    error TEXT
);

CREATE INDEX timetable_question_dag ON timetable_question (dag_id);

CREATE TABLE trigger (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    classpath TEXT NOT NULL,
    kwargs TEXT NOT NULL,
    queue TEXT,
    created_at BIGINT NOT NULL,
    triggerer_id BIGINT,
    due_at BIGINT,
    awaited_dag TEXT,
    is_new BOOLEAN NOT NULL DEFAULT TRUE,
    run_key BIGINT,
    ti_id BIGINT REFERENCES task_instance (id) ON DELETE CASCADE,
    try_number INTEGER,
    watcher TEXT,
    CONSTRAINT trigger_kind CHECK (kind IN ('python', 'time', 'external', 'input')),
    CONSTRAINT trigger_has_an_owner CHECK ((ti_id IS NULL) <> (watcher IS NULL)),
    CONSTRAINT trigger_of_a_try_names_it CHECK
        ((ti_id IS NULL) = (try_number IS NULL) AND (ti_id IS NULL) = (run_key IS NULL)),
    CONSTRAINT trigger_time_is_due CHECK (kind = 'input' OR (kind = 'time') = (due_at IS NOT NULL)),
    CONSTRAINT trigger_external_awaits CHECK ((kind = 'external') = (awaited_dag IS NOT NULL))
);

CREATE INDEX trigger_awaited ON trigger (awaited_dag) WHERE awaited_dag IS NOT NULL;

CREATE INDEX trigger_due ON trigger (due_at) WHERE due_at IS NOT NULL;

CREATE INDEX trigger_python ON trigger (triggerer_id, id) WHERE kind = 'python';

CREATE INDEX trigger_run ON trigger (run_key) WHERE run_key IS NOT NULL;

CREATE INDEX trigger_ti ON trigger (ti_id) WHERE ti_id IS NOT NULL;

CREATE UNIQUE INDEX trigger_watcher ON trigger (watcher) WHERE watcher IS NOT NULL;

CREATE TABLE users (
    username TEXT NOT NULL PRIMARY KEY,
    password_hash TEXT NOT NULL,
    email TEXT,
    first_name TEXT,
    last_name TEXT,
    active BOOLEAN NOT NULL DEFAULT TRUE,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    last_login_at BIGINT
, roles TEXT NOT NULL DEFAULT '[]', login_count BIGINT NOT NULL DEFAULT 0, fail_login_count BIGINT NOT NULL DEFAULT 0, tokens_valid_from BIGINT NOT NULL DEFAULT 0);

CREATE TABLE variable (
    key TEXT NOT NULL PRIMARY KEY,
    val TEXT NOT NULL,
    description TEXT,
    is_encrypted BOOLEAN NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE xcom (
    run_key BIGINT NOT NULL REFERENCES dag_run (id) ON DELETE CASCADE,
    task_id TEXT NOT NULL,
    map_index INTEGER NOT NULL,
    key TEXT NOT NULL,
    dag_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (run_key, task_id, map_index, key)
);

CREATE INDEX xcom_prior ON xcom (dag_id, task_id, key);
