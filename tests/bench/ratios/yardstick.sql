-- What redemption.pgbench works on: tables of a plain service with one row a thing, as a first draft of this one had them,
-- and :members members with points. They stay as they are, so that the yardstick has one length.
CREATE TABLE programs (id BIGINT PRIMARY KEY, code TEXT NOT NULL UNIQUE, created_at_us BIGINT NOT NULL);
CREATE TABLE program_versions (
    program_id BIGINT NOT NULL REFERENCES programs (id),
    version BIGINT NOT NULL,
    effective_from_us BIGINT,
    archived_at_us BIGINT,
    document TEXT NOT NULL,
    created_at_us BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    PRIMARY KEY (program_id, version)
);
CREATE TABLE accounts (
    id BIGINT PRIMARY KEY,
    source TEXT NOT NULL,
    partner_id BIGINT NOT NULL,
    program_id BIGINT NOT NULL REFERENCES programs (id),
    balance_e2 BIGINT NOT NULL,
    held_e2 BIGINT NOT NULL CHECK (held_e2 >= 0),
    entry_count BIGINT NOT NULL,
    last_hash TEXT NOT NULL,
    debt_exception_id TEXT,
    UNIQUE (source, partner_id, program_id)
);
CREATE INDEX accounts_by_program ON accounts (source, program_id, partner_id);
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
    order_id BIGINT,
    hold_id TEXT,
    reason TEXT,
    actor TEXT NOT NULL,
    detail TEXT NOT NULL,
    previous_hash TEXT NOT NULL,
    hash TEXT NOT NULL,
    UNIQUE (account_id, sequence)
);
CREATE INDEX entries_by_adjusted_cause ON entries (cause_model, cause_id, cause_name) WHERE kind = 'adjust';
CREATE INDEX entries_by_hold ON entries (hold_id) WHERE hold_id IS NOT NULL;
CREATE INDEX entries_by_order ON entries (order_id) WHERE order_id IS NOT NULL;
CREATE INDEX entries_by_time ON entries (account_id, recorded_at_us);
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
    restored_e2 BIGINT NOT NULL CHECK (restored_e2 >= 0),
    actor TEXT NOT NULL,
    covered_quantity_e6 BIGINT NOT NULL DEFAULT 0,
    add_quantity_e6 BIGINT NOT NULL DEFAULT 0,
    price_e4 BIGINT,
    covers TEXT,
    lines TEXT
);
CREATE INDEX holds_by_account_and_state ON holds (account_id, state);
CREATE INDEX holds_by_order ON holds (order_uuid);
CREATE INDEX holds_captured ON holds (ended_at_us, id) WHERE state = 'captured';
CREATE INDEX holds_due ON holds (expires_at_us) WHERE state = 'open';
CREATE TABLE verdicts (
    idempotency_key TEXT PRIMARY KEY,
    params_sha256 TEXT NOT NULL,
    reply TEXT NOT NULL,
    recorded_at_us BIGINT NOT NULL,
    refusal BOOLEAN NOT NULL DEFAULT FALSE
);
CREATE INDEX verdicts_refusals ON verdicts (recorded_at_us) WHERE refusal;
CREATE TABLE memberships (
    source TEXT NOT NULL,
    partner_id BIGINT NOT NULL,
    program_id BIGINT NOT NULL REFERENCES programs (id),
    enrolled_at_us BIGINT NOT NULL,
    left_at_us BIGINT,
    PRIMARY KEY (source, partner_id, program_id, enrolled_at_us)
);
CREATE TABLE partners (
    source TEXT NOT NULL,
    id BIGINT NOT NULL,
    name TEXT NOT NULL,
    commercial_partner_id BIGINT NOT NULL,
    company_id BIGINT,
    active BOOLEAN NOT NULL,
    tag_ids TEXT NOT NULL DEFAULT '[]',
    PRIMARY KEY (source, id)
);
CREATE TABLE pos_configs (source TEXT NOT NULL, id BIGINT NOT NULL, tip_product_id BIGINT, PRIMARY KEY (source, id));
CREATE TABLE products (
    source TEXT NOT NULL,
    id BIGINT NOT NULL,
    product_category_id BIGINT,
    pos_category_ids TEXT NOT NULL,
    active BOOLEAN NOT NULL,
    tag_ids TEXT NOT NULL DEFAULT '[]',
    PRIMARY KEY (source, id)
);
CREATE TABLE neutral_products (source TEXT NOT NULL, product_id BIGINT NOT NULL, PRIMARY KEY (source, product_id));
CREATE TABLE categories (source TEXT NOT NULL, tree TEXT NOT NULL, id BIGINT NOT NULL, parent_id BIGINT, PRIMARY KEY (source, tree, id));
CREATE TABLE currencies (source TEXT NOT NULL, code TEXT NOT NULL, decimals BIGINT NOT NULL, PRIMARY KEY (source, code));

INSERT INTO programs VALUES (1, 'club', 0);
INSERT INTO program_versions VALUES (1, 1, NULL, NULL, '{}', 0, 'bench');
INSERT INTO currencies VALUES ('odoo', 'USD', 2);
INSERT INTO pos_configs VALUES ('odoo', 1, NULL);
INSERT INTO products VALUES ('odoo', 1, NULL, '[]', TRUE);
INSERT INTO partners SELECT 'odoo', n, 'Customer ' || n, n, NULL, TRUE FROM generate_series(1, :members) AS n;
INSERT INTO accounts SELECT n, 'odoo', n, 1, 90000000000, 0, 1, repeat('0', 64) FROM generate_series(1, :members) AS n;
INSERT INTO lots SELECT n, 9223372036854775807, 90000000000 FROM generate_series(1, :members) AS n;
INSERT INTO entries
SELECT 'entry-' || n, n, 1, 'adjust', 90000000000, 90000000000, 0, 0, 'loyalty.adjustment', NULL, NULL, 'bench', NULL, NULL, NULL,
    'bench', 'bench', '{}', repeat('0', 64), repeat('0', 64)
FROM generate_series(1, :members) AS n;
