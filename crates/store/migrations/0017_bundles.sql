-- The version of its bundle that a DAG was parsed from last (a commit): runs that begin now stay with it.
ALTER TABLE dag ADD COLUMN bundle_version TEXT;
