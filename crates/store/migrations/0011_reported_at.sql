-- The instant of the report that ended a try, or a part of it, last. A report that arrives again (its answer was lost)
-- must not end the next part of a try that has waited, or looked again, meanwhile.
ALTER TABLE task_instance ADD COLUMN reported_at BIGINT;
