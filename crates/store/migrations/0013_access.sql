-- Roles of users' own, what DAG files say about roles, users with several roles, and tokens that were taken back.

CREATE TABLE role (
    name TEXT NOT NULL PRIMARY KEY,
    created_at BIGINT NOT NULL
);

-- What a role may do besides what the program gives to the built-in ones. `resource` is FAB's name of it: `DAGs`,
-- `DAG:<id>`, `DAG Run:<id>`, `Variables` …
CREATE TABLE role_permission (
    role TEXT NOT NULL,
    action TEXT NOT NULL,
    resource TEXT NOT NULL,
    PRIMARY KEY (role, resource, action)
);

-- `access_control` of the newest version of each DAG; written with it.
CREATE TABLE dag_access (
    dag_id TEXT NOT NULL,
    role TEXT NOT NULL,
    -- FAB's name of the whole: `DAGs` or `DAG Runs`.
    resource TEXT NOT NULL,
    action TEXT NOT NULL,
    PRIMARY KEY (dag_id, role, resource, action)
);
CREATE INDEX dag_access_role ON dag_access (role);

-- JSON array of names.
ALTER TABLE users ADD COLUMN roles TEXT NOT NULL DEFAULT '[]';
UPDATE users SET roles = '["' || role || '"]';
ALTER TABLE users DROP COLUMN role;
ALTER TABLE users ADD COLUMN login_count BIGINT NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN fail_login_count BIGINT NOT NULL DEFAULT 0;
-- Tokens from before this instant are not good any more: the password was changed.
ALTER TABLE users ADD COLUMN tokens_valid_from BIGINT NOT NULL DEFAULT 0;

CREATE TABLE revoked_token (
    jti TEXT NOT NULL PRIMARY KEY,
    -- Nobody has to remember it any longer than the token itself lasts.
    expires_at BIGINT NOT NULL
);
