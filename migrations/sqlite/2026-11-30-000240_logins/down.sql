ALTER TABLE sync_passes DROP COLUMN key_is_sure;
ALTER TABLE sync_passes DROP COLUMN key_ends_us;
ALTER TABLE sync_passes DROP COLUMN login_accepted_us;
ALTER TABLE sync_passes DROP COLUMN login_refused;
