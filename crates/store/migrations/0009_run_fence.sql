-- Raised by everybody who changes task instances of a run behind its scheduler's back: what the scheduler decided on
-- older rows is stale then.
ALTER TABLE dag_run ADD COLUMN fence BIGINT NOT NULL DEFAULT 0;
