-- Watchers of assets: what outside updates them. Their triggers are rows of `trigger` while some DAG that is scheduled
-- by the asset is there and not paused; each of their events is an event of the asset in the same transaction.

CREATE TABLE asset_watcher (
    dag_id TEXT NOT NULL REFERENCES dag (dag_id) ON DELETE CASCADE,
    asset_id BIGINT NOT NULL REFERENCES asset (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    -- The same text for the same trigger: watchers that wait for the same share it.
    watcher TEXT NOT NULL,
    classpath TEXT NOT NULL,
    -- JSON as a Fernet token: arguments may hold secrets.
    kwargs TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (dag_id, asset_id, name)
);
CREATE INDEX asset_watcher_watcher ON asset_watcher (watcher);
CREATE INDEX asset_watcher_asset ON asset_watcher (asset_id);

DROP TABLE watcher_event;

-- What a task that waits does to assets if it ends well without going on, as JSON.
ALTER TABLE deferral ADD COLUMN asset_updates TEXT;
