-- Work that one process at a time does for all: reading Odoo. All times are the database's.
CREATE TABLE leases (
    name TEXT PRIMARY KEY,
    -- Counts who had it: what was read in one term is not taken in in the next.
    term BIGINT NOT NULL,
    -- The process that has it; NULL when it was given back.
    holder TEXT,
    renewed_at_us BIGINT NOT NULL,
    lasts_us BIGINT NOT NULL,
    -- Whether its holder is at work and not only waiting.
    busy BOOLEAN NOT NULL,
    -- The process that asks for it, and when it last did.
    wanted_by TEXT,
    wanted_at_us BIGINT
);

-- How the last pass over Odoo went, whichever process made it.
CREATE TABLE sync_passes (
    source TEXT PRIMARY KEY,
    -- Of the last complete one.
    began_at_us BIGINT,
    ended_at_us BIGINT,
    -- Of the last one; NULL when it was complete.
    last_error TEXT,
    odoo_reachable BOOLEAN NOT NULL,
    odoo_version TEXT
);

-- The oldest schema whose program may still work on this database: a migration that takes something away raises it.
CREATE TABLE schema_floor (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    version TEXT NOT NULL
);
INSERT INTO schema_floor (id, version) VALUES (1, '20261126000020');
