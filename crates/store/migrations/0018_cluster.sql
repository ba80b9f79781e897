-- What a worker is told to change, JSON; NULL as soon as it has.
ALTER TABLE job ADD COLUMN wanted TEXT;
-- Those that ended a short while ago.
CREATE INDEX job_ended ON job (ended_at) WHERE state = 'ended';

-- Pods of the KubernetesExecutor as its scheduler saw them last. Written when one changes, forgotten some time after its
-- end. Kubernetes is what counts; this is for people.
CREATE TABLE pod (
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    ti_id BIGINT NOT NULL,
    try_number INTEGER NOT NULL,
    -- The scheduler that looks after it.
    scheduler_id BIGINT NOT NULL,
    phase TEXT NOT NULL,
    node TEXT,
    -- Kubernetes' word for what is wrong, and all that it says.
    reason TEXT,
    message TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    ended_at BIGINT,
    CONSTRAINT pod_key PRIMARY KEY (namespace, name),
    CONSTRAINT pod_phase CHECK (phase IN ('Pending', 'Running', 'Succeeded', 'Failed', 'Deleted'))
);
CREATE INDEX pod_ended ON pod (ended_at);
