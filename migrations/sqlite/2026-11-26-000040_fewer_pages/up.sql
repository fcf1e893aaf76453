-- Each page that a change touches is written to the log before the change is acknowledged: these two tables become one
-- tree each where they were two, and of the holds' indexes one serves what two did.
CREATE TABLE holds_rebuilt (
    id TEXT NOT NULL PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES accounts (id),
    order_uuid TEXT NOT NULL,
    program_version BIGINT NOT NULL,
    reward TEXT NOT NULL,
    points_e2 BIGINT NOT NULL CHECK (points_e2 > 0),
    discount_e4 BIGINT NOT NULL CHECK (discount_e4 >= 0),
    product_id BIGINT,
    state TEXT NOT NULL CHECK (state IN ('open', 'captured', 'released', 'expired')),
    created_at_us BIGINT NOT NULL,
    expires_at_us BIGINT NOT NULL,
    ended_at_us BIGINT,
    reason TEXT,
    entry_id TEXT,
    -- Points that refunds of the reward line have given back so far.
    restored_e2 BIGINT NOT NULL CHECK (restored_e2 >= 0),
    actor TEXT NOT NULL,
    covered_quantity_e6 BIGINT NOT NULL DEFAULT 0,
    add_quantity_e6 BIGINT NOT NULL DEFAULT 0,
    price_e4 BIGINT,
    covers TEXT
) WITHOUT ROWID;
INSERT INTO holds_rebuilt SELECT * FROM holds;
DROP TABLE holds;
ALTER TABLE holds_rebuilt RENAME TO holds;
CREATE INDEX holds_by_account ON holds (account_id, state);
CREATE INDEX holds_due ON holds (expires_at_us) WHERE state = 'open';
CREATE INDEX holds_by_order ON holds (order_uuid);

CREATE TABLE verdicts_rebuilt (
    idempotency_key TEXT NOT NULL PRIMARY KEY,
    params_sha256 TEXT NOT NULL,
    reply TEXT NOT NULL,
    recorded_at_us BIGINT NOT NULL
) WITHOUT ROWID;
INSERT INTO verdicts_rebuilt SELECT * FROM verdicts;
DROP TABLE verdicts;
ALTER TABLE verdicts_rebuilt RENAME TO verdicts;
CREATE TRIGGER verdicts_no_update BEFORE UPDATE ON verdicts
BEGIN SELECT RAISE(ABORT, 'verdicts are append-only'); END;
CREATE TRIGGER verdicts_no_delete BEFORE DELETE ON verdicts
BEGIN SELECT RAISE(ABORT, 'verdicts are append-only'); END;
