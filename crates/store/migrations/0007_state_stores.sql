-- What tasks remember between tries and runs, and which types of runs a DAG allows.

CREATE TABLE task_state_store (
    run_key BIGINT NOT NULL REFERENCES dag_run (id) ON DELETE CASCADE,
    task_id TEXT NOT NULL,
    map_index INTEGER NOT NULL,
    key TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    -- NULL: never.
    expires_at BIGINT,
    value TEXT NOT NULL,
    PRIMARY KEY (run_key, task_id, map_index, key)
);
CREATE INDEX task_state_store_expires ON task_state_store (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE asset_state_store (
    asset_id BIGINT NOT NULL REFERENCES asset (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    -- Who wrote it last; the other columns say which task, if it was one.
    writer TEXT NOT NULL,
    dag_id TEXT,
    run_id TEXT,
    task_id TEXT,
    map_index INTEGER,
    value TEXT NOT NULL,
    PRIMARY KEY (asset_id, key),
    CONSTRAINT asset_state_store_writer CHECK (writer IN ('task', 'watcher', 'api'))
);

-- JSON array of run types; NULL: all.
ALTER TABLE dag ADD COLUMN allowed_run_types TEXT;
