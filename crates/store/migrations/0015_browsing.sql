-- Lists over a long history cost what they show.

-- What failed is rare: its own small indexes cost nothing where tasks succeed.
CREATE INDEX dag_run_failed ON dag_run (run_after DESC, id DESC) WHERE state = 'failed';
CREATE INDEX task_instance_failed ON task_instance (start_date DESC, id DESC) WHERE state = 'failed';

-- Open pages ask what was written since they last heard.
CREATE INDEX dag_run_updated ON dag_run (updated_at);
