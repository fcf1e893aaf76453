CREATE TABLE programs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    code TEXT NOT NULL UNIQUE,
    created_at_us BIGINT NOT NULL
);

-- A version is never edited; archiving only says from when it no longer applies.
CREATE TABLE program_versions (
    program_id BIGINT NOT NULL REFERENCES programs (id),
    version BIGINT NOT NULL,
    -- NULL: from the beginning of time (a first version).
    effective_from_us BIGINT,
    archived_at_us BIGINT,
    document TEXT NOT NULL,
    created_at_us BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    PRIMARY KEY (program_id, version)
);

-- Orders to compute again because a program began to hold for the past. A row lives until its work is done.
CREATE TABLE recomputes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    program_id BIGINT NOT NULL REFERENCES programs (id),
    from_us BIGINT,
    after_order_id BIGINT NOT NULL,
    created_at_us BIGINT NOT NULL
);

CREATE TABLE partners (
    source TEXT NOT NULL,
    id BIGINT NOT NULL,
    name TEXT NOT NULL,
    commercial_partner_id BIGINT NOT NULL,
    company_id BIGINT,
    active BOOLEAN NOT NULL,
    PRIMARY KEY (source, id)
);

CREATE TABLE products (
    source TEXT NOT NULL,
    id BIGINT NOT NULL,
    name TEXT NOT NULL,
    product_category_id BIGINT,
    -- A JSON list of ids.
    pos_category_ids TEXT NOT NULL,
    active BOOLEAN NOT NULL,
    PRIMARY KEY (source, id)
);

-- Both of Odoo's trees: tree is 'pos' or 'product'.
CREATE TABLE categories (
    source TEXT NOT NULL,
    tree TEXT NOT NULL CHECK (tree IN ('pos', 'product')),
    id BIGINT NOT NULL,
    name TEXT NOT NULL,
    parent_id BIGINT,
    PRIMARY KEY (source, tree, id)
);

CREATE TABLE pos_configs (
    source TEXT NOT NULL,
    id BIGINT NOT NULL,
    name TEXT NOT NULL,
    company_id BIGINT NOT NULL,
    currency TEXT NOT NULL,
    tip_product_id BIGINT,
    active BOOLEAN NOT NULL,
    PRIMARY KEY (source, id)
);

CREATE TABLE currencies (
    source TEXT NOT NULL,
    code TEXT NOT NULL,
    decimals BIGINT NOT NULL,
    PRIMARY KEY (source, code)
);

CREATE TABLE orders (
    source TEXT NOT NULL,
    id BIGINT NOT NULL,
    uuid TEXT,
    name TEXT NOT NULL,
    reference TEXT,
    state TEXT NOT NULL CHECK (state IN ('draft', 'paid', 'cancelled')),
    placed_at_us BIGINT NOT NULL,
    partner_id BIGINT,
    company_id BIGINT NOT NULL,
    currency TEXT NOT NULL,
    pos_config_id BIGINT,
    total_incl_e4 BIGINT NOT NULL,
    line_count BIGINT NOT NULL,
    -- SHA-256 of all that was read of it: the same again is no change.
    digest TEXT NOT NULL,
    -- Whether no program took it because of its currency or company.
    ignored BOOLEAN NOT NULL,
    PRIMARY KEY (source, id)
);
CREATE INDEX orders_by_placed_at ON orders (source, placed_at_us);
CREATE INDEX orders_by_uuid ON orders (source, uuid);

CREATE TABLE order_lines (
    source TEXT NOT NULL,
    id BIGINT NOT NULL,
    order_id BIGINT NOT NULL,
    position BIGINT NOT NULL,
    uuid TEXT,
    product_id BIGINT,
    quantity_e6 BIGINT NOT NULL,
    subtotal_e4 BIGINT NOT NULL,
    subtotal_incl_e4 BIGINT NOT NULL,
    refunds_line_id BIGINT,
    hold_ref TEXT,
    neutral BOOLEAN NOT NULL,
    -- JSON lists of ids with all ancestors, as they were when the line was first read.
    pos_category_ids TEXT NOT NULL,
    product_category_ids TEXT NOT NULL,
    PRIMARY KEY (source, id)
);
CREATE INDEX order_lines_by_order ON order_lines (source, order_id);
CREATE INDEX order_lines_by_refunded ON order_lines (source, refunds_line_id);

-- An account is one member in one program.
CREATE TABLE accounts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    source TEXT NOT NULL,
    partner_id BIGINT NOT NULL,
    program_id BIGINT NOT NULL REFERENCES programs (id),
    balance_e2 BIGINT NOT NULL,
    held_e2 BIGINT NOT NULL CHECK (held_e2 >= 0),
    entry_count BIGINT NOT NULL,
    last_hash TEXT NOT NULL,
    UNIQUE (source, partner_id, program_id)
);

-- What is left of points, by the moment they expire (9223372036854775807: never).
CREATE TABLE lots (
    account_id BIGINT NOT NULL REFERENCES accounts (id),
    expires_at_us BIGINT NOT NULL,
    points_e2 BIGINT NOT NULL CHECK (points_e2 > 0),
    PRIMARY KEY (account_id, expires_at_us)
);
CREATE INDEX lots_by_expiry ON lots (expires_at_us);

CREATE TABLE entries (
    id TEXT PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES accounts (id),
    sequence BIGINT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('earn', 'redeem', 'clawback', 'restore', 'expire', 'adjust', 'transfer')),
    points_e2 BIGINT NOT NULL,
    balance_after_e2 BIGINT NOT NULL,
    occurred_at_us BIGINT NOT NULL,
    recorded_at_us BIGINT NOT NULL,
    cause_model TEXT NOT NULL,
    cause_id BIGINT,
    cause_uuid TEXT,
    cause_name TEXT NOT NULL,
    program_version BIGINT,
    -- The sale whose earning this entry belongs to; a refund's clawback belongs to the sale it takes back from.
    order_id BIGINT,
    hold_id TEXT,
    reason TEXT,
    actor TEXT NOT NULL,
    -- JSON: what it takes to explain the entry (lines, rounding, lots touched).
    detail TEXT NOT NULL,
    previous_hash TEXT NOT NULL,
    hash TEXT NOT NULL,
    UNIQUE (account_id, sequence)
);
CREATE INDEX entries_by_time ON entries (account_id, recorded_at_us);
CREATE INDEX entries_by_order ON entries (order_id) WHERE order_id IS NOT NULL;
CREATE INDEX entries_by_hold ON entries (hold_id) WHERE hold_id IS NOT NULL;

-- What has been posted for a sale so far, per account: convergence posts desired minus this.
CREATE TABLE order_postings (
    source TEXT NOT NULL,
    order_id BIGINT NOT NULL,
    account_id BIGINT NOT NULL REFERENCES accounts (id),
    earned_e2 BIGINT NOT NULL,
    PRIMARY KEY (source, order_id, account_id)
);

CREATE TABLE holds (
    id TEXT PRIMARY KEY,
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
    actor TEXT NOT NULL
);
CREATE INDEX holds_open ON holds (account_id) WHERE state = 'open';
CREATE INDEX holds_due ON holds (expires_at_us) WHERE state = 'open';
CREATE INDEX holds_by_account ON holds (account_id);
CREATE INDEX holds_by_order ON holds (order_uuid);

-- One verdict a key: the reply that every repetition gets, byte for byte.
CREATE TABLE verdicts (
    idempotency_key TEXT PRIMARY KEY,
    params_sha256 TEXT NOT NULL,
    reply TEXT NOT NULL,
    recorded_at_us BIGINT NOT NULL
);

CREATE TABLE exceptions (
    id TEXT PRIMARY KEY,
    -- The same trouble found again is the same exception.
    dedupe_key TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    partner_id BIGINT,
    order_id BIGINT,
    order_uuid TEXT,
    order_name TEXT,
    detail TEXT NOT NULL,
    at_us BIGINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'resolved')),
    resolved_at_us BIGINT,
    resolved_by TEXT,
    note TEXT
);

CREATE TABLE tokens (
    prefix TEXT PRIMARY KEY,
    role TEXT NOT NULL CHECK (role IN ('pos', 'viewer', 'admin')),
    name TEXT NOT NULL,
    secret_sha256 TEXT NOT NULL,
    created_at_us BIGINT NOT NULL,
    revoked_at_us BIGINT
);

CREATE TABLE cursors (
    source TEXT NOT NULL,
    stream TEXT NOT NULL,
    high_water_us BIGINT NOT NULL,
    PRIMARY KEY (source, stream)
);

-- The ledger is append-only, whoever holds the file.
CREATE TRIGGER entries_no_update BEFORE UPDATE ON entries
BEGIN SELECT RAISE(ABORT, 'entries are append-only'); END;
CREATE TRIGGER entries_no_delete BEFORE DELETE ON entries
BEGIN SELECT RAISE(ABORT, 'entries are append-only'); END;
CREATE TRIGGER verdicts_no_update BEFORE UPDATE ON verdicts
BEGIN SELECT RAISE(ABORT, 'verdicts are append-only'); END;
CREATE TRIGGER verdicts_no_delete BEFORE DELETE ON verdicts
BEGIN SELECT RAISE(ABORT, 'verdicts are append-only'); END;
