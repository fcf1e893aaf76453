-- How the login to Odoo stands: whether it was refused, when a process last logged in, and when its API key ends.
ALTER TABLE sync_passes ADD COLUMN login_refused BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE sync_passes ADD COLUMN login_accepted_us BIGINT;
ALTER TABLE sync_passes ADD COLUMN key_ends_us BIGINT;
ALTER TABLE sync_passes ADD COLUMN key_is_sure BOOLEAN NOT NULL DEFAULT FALSE;
