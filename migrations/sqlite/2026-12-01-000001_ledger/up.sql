-- The first schema. From here on, migrations only expand (src/store/connection/migrate.rs).
--
-- source says which system a record is of: 1 is the Odoo beside which the service stands.
-- Times are microseconds since 1970 in UTC; points are hundredths (_e2), money ten-thousandths (_e4), quantities
-- millionths (_e6).

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
    -- Orders of this member alone, because it was enrolled, or left.
    partner_id BIGINT,
    -- Orders up to this one are done; NULL: none is.
    after_sale_source SMALLINT,
    after_sale_model SMALLINT,
    after_sale_id BIGINT,
    created_at_us BIGINT NOT NULL,
    -- Who has them computed again, and why: the entries that come of it say so.
    requested_by TEXT,
    reason TEXT
);

CREATE TABLE partners (
    source SMALLINT NOT NULL,
    id BIGINT NOT NULL,
    name TEXT NOT NULL,
    commercial_partner_id BIGINT NOT NULL,
    company_id BIGINT,
    active BOOLEAN NOT NULL,
    -- A JSON list of ids.
    tag_ids TEXT NOT NULL,
    PRIMARY KEY (source, id)
);

-- Partners that Odoo merged into others, or whose points a manager moved when they were gone from Odoo. Always the
-- last one of a chain: when B is merged into C, what went to B goes to C.
CREATE TABLE partner_merges (
    source SMALLINT NOT NULL,
    partner_id BIGINT NOT NULL,
    into_partner_id BIGINT NOT NULL,
    recorded_at_us BIGINT NOT NULL,
    PRIMARY KEY (source, partner_id)
);
CREATE INDEX partner_merges_by_target ON partner_merges (source, into_partner_id);

CREATE TABLE products (
    source SMALLINT NOT NULL,
    id BIGINT NOT NULL,
    name TEXT NOT NULL,
    product_category_id BIGINT,
    -- JSON lists of ids.
    pos_category_ids TEXT NOT NULL,
    tag_ids TEXT NOT NULL,
    active BOOLEAN NOT NULL,
    PRIMARY KEY (source, id)
);

-- Products that gift cards and eWallets are sold and paid with: their lines neither earn nor reduce.
CREATE TABLE neutral_products (
    source SMALLINT NOT NULL,
    product_id BIGINT NOT NULL,
    PRIMARY KEY (source, product_id)
);

-- Both of Odoo's trees: tree is 'pos' or 'product'.
CREATE TABLE categories (
    source SMALLINT NOT NULL,
    tree TEXT NOT NULL CHECK (tree IN ('pos', 'product')),
    id BIGINT NOT NULL,
    name TEXT NOT NULL,
    parent_id BIGINT,
    PRIMARY KEY (source, tree, id)
);

CREATE TABLE pos_configs (
    source SMALLINT NOT NULL,
    id BIGINT NOT NULL,
    name TEXT NOT NULL,
    company_id BIGINT NOT NULL,
    currency TEXT NOT NULL,
    tip_product_id BIGINT,
    -- Products that a shop books debts, deposits and down payments on: a JSON list of ids. Their lines neither earn nor
    -- reduce.
    neutral_product_ids TEXT NOT NULL,
    active BOOLEAN NOT NULL,
    PRIMARY KEY (source, id)
);

-- Which companies a company is a branch of: a JSON list of ids.
CREATE TABLE companies (
    source SMALLINT NOT NULL,
    id BIGINT NOT NULL,
    parent_ids TEXT NOT NULL,
    PRIMARY KEY (source, id)
);

CREATE TABLE currencies (
    source SMALLINT NOT NULL,
    code TEXT NOT NULL,
    decimals BIGINT NOT NULL,
    PRIMARY KEY (source, code)
);

CREATE TABLE orders (
    source SMALLINT NOT NULL,
    model SMALLINT NOT NULL,
    id BIGINT NOT NULL,
    -- The 16 bytes of the UUID; another text of Odoo's is told apart by its first byte (src/store/codec/uuids.rs).
    uuid BLOB,
    -- The first eight bytes of the SHA-256 of the uuid's text, as of holds.order_uuid.
    uuid_key BIGINT,
    name TEXT NOT NULL,
    reference TEXT,
    -- 1: paid, 2: draft, 3: cancelled.
    state SMALLINT NOT NULL CHECK (state >= 1 AND state <= 3),
    placed_at_us BIGINT NOT NULL,
    partner_id BIGINT,
    -- The customer's tags when the order was first read with this customer: a JSON list of ids. NULL: none.
    partner_tag_ids TEXT,
    -- Whose points an order's are: kept from its first reading with its customer. NULL: nobody's, or not kept yet.
    wallet_partner_id BIGINT,
    company_id BIGINT NOT NULL,
    currency TEXT NOT NULL,
    pos_config_id BIGINT,
    total_incl_e4 BIGINT NOT NULL,
    line_count BIGINT NOT NULL,
    -- The first half of the SHA-256 of all that was read of it: the same again is no change. NULL: whatever it says next
    -- is news.
    digest BLOB,
    -- Whether no program took it because of its currency or company.
    ignored BOOLEAN NOT NULL,
    -- Whether it was first read from an Odoo that says which line a refund takes back.
    links_refunds BOOLEAN NOT NULL,
    -- Whether Odoo had no field loyalty_hold_id when it was last read: then its lines say nothing about holds.
    hold_field_missing BOOLEAN NOT NULL,
    -- Its lines (src/store/codec/order_lines.rs), with categories and tags as they were when each line was first read.
    lines BLOB NOT NULL,
    PRIMARY KEY (source, model, id)
);
CREATE INDEX orders_by_placed_at ON orders (placed_at_us);
CREATE INDEX orders_by_uuid ON orders (uuid_key) WHERE uuid_key IS NOT NULL;
-- Odoo 14 links no refund to its sale: they are matched by what the receipts call them.
CREATE INDEX orders_by_reference ON orders (reference) WHERE reference IS NOT NULL;
CREATE INDEX orders_by_partner ON orders (partner_id) WHERE partner_id IS NOT NULL;
CREATE INDEX orders_by_wallet ON orders (wallet_partner_id) WHERE wallet_partner_id IS NOT NULL;

-- Where a line may stand: its number without the last four bits, and the orders that have lines of such numbers.
CREATE TABLE order_line_blocks (
    sale_source SMALLINT NOT NULL,
    sale_model SMALLINT NOT NULL,
    block BIGINT NOT NULL,
    sale_id BIGINT NOT NULL,
    PRIMARY KEY (sale_source, sale_model, block, sale_id)
) WITHOUT ROWID;

-- The orders with lines that take others back, by those.
CREATE TABLE order_refunds (
    sale_source SMALLINT NOT NULL,
    sale_model SMALLINT NOT NULL,
    refunded_line_id BIGINT NOT NULL,
    sale_id BIGINT NOT NULL,
    PRIMARY KEY (sale_source, sale_model, refunded_line_id, sale_id)
) WITHOUT ROWID;

-- The orders with reward lines of a hold.
CREATE TABLE order_holds (
    hold_id BLOB NOT NULL,
    sale_source SMALLINT NOT NULL,
    sale_model SMALLINT NOT NULL,
    sale_id BIGINT NOT NULL,
    PRIMARY KEY (hold_id, sale_source, sale_model, sale_id)
) WITHOUT ROWID;

-- When members took part in programs that ask for it. Leaving ends a row, coming back begins another.
CREATE TABLE memberships (
    source SMALLINT NOT NULL,
    partner_id BIGINT NOT NULL,
    program_id BIGINT NOT NULL REFERENCES programs (id),
    enrolled_at_us BIGINT NOT NULL,
    left_at_us BIGINT,
    enrolled_by TEXT NOT NULL,
    left_by TEXT,
    PRIMARY KEY (source, partner_id, program_id, enrolled_at_us)
);
CREATE INDEX memberships_by_program ON memberships (source, program_id, partner_id);

-- An account is one member in one program.
CREATE TABLE accounts (
    id INTEGER PRIMARY KEY,
    source SMALLINT NOT NULL,
    partner_id BIGINT NOT NULL,
    program_id BIGINT NOT NULL REFERENCES programs (id),
    balance_e2 BIGINT NOT NULL,
    entry_count BIGINT NOT NULL,
    -- The hash of its last entry.
    last_hash BLOB NOT NULL,
    -- What is left of its points, by the moment they expire (src/store/codec/packed.rs).
    lots BLOB NOT NULL,
    -- When the first of its lots ends. NULL: none does.
    first_lot_ends_us BIGINT,
    -- The exception that was raised when the account's available points fell below zero. NULL while they are zero or more.
    debt_exception_id TEXT,
    UNIQUE (source, partner_id, program_id)
);
-- The list of one program's members.
CREATE INDEX accounts_by_program ON accounts (source, program_id, partner_id);
-- Whose points have come to their end.
CREATE INDEX accounts_expiring ON accounts (first_lot_ends_us) WHERE first_lot_ends_us IS NOT NULL;

-- Accounts whose points moved to another account. Entries up to from_sequence count for the other account, as if they
-- stood there up to to_sequence.
CREATE TABLE account_transfers (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    from_account_id BIGINT NOT NULL REFERENCES accounts (id),
    from_sequence BIGINT NOT NULL,
    to_account_id BIGINT NOT NULL REFERENCES accounts (id),
    to_sequence BIGINT NOT NULL,
    recorded_at_us BIGINT NOT NULL
);
CREATE INDEX account_transfers_by_origin ON account_transfers (from_account_id);
CREATE INDEX account_transfers_by_target ON account_transfers (to_account_id);

-- One line of the ledger. UUIDs are 16 bytes and hashes 32. What is hashed are the values (src/domain/ledger/chain.rs), not how
-- they stand here. The hash before an entry's is that of its account's entry before it.
CREATE TABLE entries (
    -- Of version 7, so that rows are appended.
    id BLOB NOT NULL PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES accounts (id),
    sequence BIGINT NOT NULL,
    -- 1 earn, 2 redeem, 3 clawback, 4 restore, 5 expire, 6 adjust, 7 transfer.
    kind SMALLINT NOT NULL CHECK (kind >= 1 AND kind <= 7),
    points_e2 BIGINT NOT NULL,
    balance_after_e2 BIGINT NOT NULL,
    occurred_at_us BIGINT NOT NULL,
    recorded_at_us BIGINT NOT NULL,
    -- 1 pos.order, 2 loyalty.adjustment, 3 loyalty.expiry, 4 loyalty.import, 5 loyalty.card, 6 res.partner.
    cause_model SMALLINT NOT NULL,
    cause_id BIGINT,
    -- A UUID is 16 bytes; any other text is kept as it is (src/store/codec/uuids.rs).
    cause_uuid BLOB,
    program_version BIGINT,
    -- The sale whose earning this entry belongs to; a refund's clawback belongs to the sale it takes back from.
    sale_source SMALLINT,
    sale_model SMALLINT,
    sale_id BIGINT,
    hold_id BLOB,
    -- Of what was carried over: eight bytes of a hash that tell its document (a card, a line of a file) from every other.
    document_key BIGINT,
    -- The lots that it put in or took out of (src/store/codec/packed.rs). NULL: none.
    lots BLOB,
    -- JSON: how the sale's points were computed.
    earned TEXT,
    -- The entry that this one takes back.
    reverses BLOB,
    -- SHA-256 of a salt and the texts (entry_texts): it stays when they are erased.
    texts_sha256 BLOB NOT NULL,
    hash BLOB NOT NULL,
    UNIQUE (account_id, sequence)
) WITHOUT ROWID;
CREATE INDEX entries_by_sale ON entries (sale_source, sale_model, sale_id) WHERE sale_id IS NOT NULL;
CREATE INDEX entries_by_hold ON entries (hold_id) WHERE hold_id IS NOT NULL;
-- Redemptions in the order of their captures.
CREATE INDEX entries_redeemed ON entries (recorded_at_us, id) WHERE kind = 2;
CREATE INDEX entries_by_document ON entries (document_key) WHERE document_key IS NOT NULL;

-- What people are called in entries, and what they wrote: outside the hash chain, so that it can be erased. Written with
-- its entry, in one transaction; no reference is checked, as that would cost a lookup a row.
CREATE TABLE entry_texts (
    entry_id BLOB NOT NULL PRIMARY KEY,
    -- Random: without it, nobody can confirm a guess by the entry's digest.
    salt BLOB NOT NULL,
    cause_name TEXT NOT NULL,
    reason TEXT,
    actor TEXT NOT NULL,
    -- For whom the actor said that it acted.
    on_behalf_of TEXT
) WITHOUT ROWID;

-- Whose texts were erased, by whom, and on what ground.
CREATE TABLE redactions (
    entry_id BLOB NOT NULL PRIMARY KEY REFERENCES entries (id),
    redacted_at_us BIGINT NOT NULL,
    redacted_by TEXT NOT NULL,
    ground TEXT NOT NULL,
    -- The head of the account's chain: as it was noted before, and as computed again without the texts.
    head_before BLOB NOT NULL,
    head_after BLOB NOT NULL
) WITHOUT ROWID;

-- What has been posted for a sale so far, per account: convergence posts desired minus this.
CREATE TABLE order_postings (
    sale_source SMALLINT NOT NULL,
    sale_model SMALLINT NOT NULL,
    sale_id BIGINT NOT NULL,
    account_id BIGINT NOT NULL REFERENCES accounts (id),
    earned_e2 BIGINT NOT NULL,
    PRIMARY KEY (sale_source, sale_model, sale_id, account_id)
) WITHOUT ROWID;

-- A hold, and the reply that its caller got: one row. That it is open stands in open_holds; that it is captured, in the
-- entry that has its id; that it ended otherwise, here.
CREATE TABLE holds (
    id BLOB PRIMARY KEY NOT NULL,
    account_id BIGINT NOT NULL REFERENCES accounts (id),
    -- The kind of document that its order is, and whose; the order has no id yet, so its uuid names it.
    sale_source SMALLINT NOT NULL,
    sale_model SMALLINT NOT NULL,
    order_uuid BLOB NOT NULL,
    -- The first eight bytes of the SHA-256 of its text.
    order_key BIGINT NOT NULL,
    program_version BIGINT NOT NULL,
    reward TEXT NOT NULL,
    points_e2 BIGINT NOT NULL CHECK (points_e2 > 0),
    discount_e4 BIGINT NOT NULL CHECK (discount_e4 >= 0),
    product_id BIGINT,
    -- What the reward gives: how many of its product are in the draft and how many come as a line of their own, at which
    -- price with tax, and (JSON, a scope) which goods its discount is for.
    covered_quantity_e6 BIGINT NOT NULL,
    add_quantity_e6 BIGINT NOT NULL,
    price_e4 BIGINT,
    covers TEXT,
    -- What it takes off which line of its draft (src/store/table/hold_rows.rs): the rewards of one order share its lines.
    lines BLOB,
    created_at_us BIGINT NOT NULL,
    expires_at_us BIGINT NOT NULL,
    -- How it ended without being captured: 1 released, 2 expired; when, and why.
    ended_as SMALLINT CHECK (ended_as = 1 OR ended_as = 2),
    ended_at_us BIGINT,
    reason TEXT,
    -- Points that refunds of the reward line have given back so far.
    restored_e2 BIGINT NOT NULL CHECK (restored_e2 >= 0),
    -- The hold that this one took the place of, because its order changed; and what it protects for that one of points
    -- past their end: how many, and when the first of the holds that followed one another was made.
    replaces BLOB,
    carried_points_e2 BIGINT,
    carried_good_at_us BIGINT,
    actor TEXT NOT NULL,
    -- The idempotency key that it was asked for under (its SHA-256, and the first eight bytes of that), and the SHA-256
    -- of what was asked. NULL for a hold that a rebuild put back.
    reply_key BIGINT,
    reply_key_sha256 BLOB,
    params_sha256 BLOB,
    -- What the reply says that no other column does (src/store/table/hold_rows.rs).
    reply_terms BLOB
) WITHOUT ROWID;
-- What a member's holds are.
CREATE INDEX holds_by_account ON holds (account_id);
CREATE INDEX holds_by_order ON holds (order_key);
CREATE INDEX holds_by_reply_key ON holds (reply_key) WHERE reply_key IS NOT NULL;

-- The holds that set points aside: few, so that this table stays small. A row goes when its hold ends.
CREATE TABLE open_holds (
    account_id BIGINT NOT NULL,
    hold_id BLOB NOT NULL,
    points_e2 BIGINT NOT NULL CHECK (points_e2 > 0),
    created_at_us BIGINT NOT NULL,
    expires_at_us BIGINT NOT NULL,
    carried_points_e2 BIGINT,
    carried_good_at_us BIGINT,
    PRIMARY KEY (account_id, hold_id)
) WITHOUT ROWID;

-- One recorded reply a key: what every repetition gets, byte for byte. Those of holds that were given stand in holds, those
-- of captures in the entry. Recorded refusals may go after a while (ledger.reply_days); what was done stays for ever.
CREATE TABLE recorded_replies (
    key_sha256 BLOB PRIMARY KEY NOT NULL,
    -- Empty for a capture: a hold has one.
    params_sha256 BLOB NOT NULL,
    reply TEXT NOT NULL,
    recorded_at_us BIGINT NOT NULL,
    -- Whether it is a refusal that may go.
    refusal BOOLEAN NOT NULL
) WITHOUT ROWID;
CREATE INDEX recorded_replies_refusals ON recorded_replies (recorded_at_us) WHERE refusal;

CREATE TABLE exceptions (
    id TEXT PRIMARY KEY,
    -- The same trouble found again is the same exception.
    dedupe_key TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    partner_id BIGINT,
    sale_source SMALLINT,
    sale_model SMALLINT,
    sale_id BIGINT,
    order_uuid TEXT,
    order_name TEXT,
    detail TEXT NOT NULL,
    at_us BIGINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'resolved')),
    resolved_at_us BIGINT,
    resolved_by TEXT,
    -- For whom it was resolved, as the caller says: a claim.
    resolved_on_behalf_of TEXT,
    note TEXT
);
-- Pages of exceptions, and how many wait.
CREATE INDEX exceptions_by_time ON exceptions (at_us, id);
CREATE INDEX exceptions_open ON exceptions (at_us, id) WHERE state = 'open';

CREATE TABLE tokens (
    prefix TEXT PRIMARY KEY,
    role TEXT NOT NULL CHECK (role = 'pos' OR role = 'viewer' OR role = 'manager' OR role = 'admin'),
    name TEXT NOT NULL,
    secret_sha256 TEXT NOT NULL,
    created_at_us BIGINT NOT NULL,
    revoked_at_us BIGINT
);

CREATE TABLE cursors (
    source SMALLINT NOT NULL,
    stream TEXT NOT NULL,
    high_water_us BIGINT NOT NULL,
    PRIMARY KEY (source, stream)
);

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
    source SMALLINT PRIMARY KEY,
    -- Of the last complete one.
    began_at_us BIGINT,
    ended_at_us BIGINT,
    -- Of the last one; NULL when it was complete.
    last_error TEXT,
    odoo_reachable BOOLEAN NOT NULL,
    odoo_version TEXT,
    -- Holds captured up to this moment were looked at: each has its paid order, or an exception.
    captures_reviewed_us BIGINT,
    -- How the login to Odoo stands: whether it was refused, when a process last logged in, and when its API key ends.
    login_refused BOOLEAN NOT NULL DEFAULT FALSE,
    login_accepted_us BIGINT,
    key_ends_us BIGINT,
    key_is_sure BOOLEAN NOT NULL DEFAULT FALSE
);

-- What the last comparison with Odoo would have taken back, and did not, because it is too much at once: a person is asked.
CREATE TABLE held_withdrawals (
    source SMALLINT PRIMARY KEY,
    -- Paid orders that Odoo does not have any more.
    gone BIGINT NOT NULL,
    -- Paid orders whose number is another order's now: Odoo was restored, or is another database.
    replaced BIGINT NOT NULL,
    -- Orders that were paid and are not any more.
    unpaid BIGINT NOT NULL,
    members BIGINT NOT NULL,
    points_e2 BIGINT NOT NULL,
    -- The greatest known order.
    newest_order_id BIGINT NOT NULL,
    -- How many orders may go without asking.
    most BIGINT NOT NULL,
    since_us BIGINT NOT NULL
);

-- Companies and tills that Odoo has shown, by the name they had. Orders of one that is not shown any more are not gone:
-- the right to see them is.
CREATE TABLE odoo_places (
    source SMALLINT NOT NULL,
    -- res.company or pos.config.
    model TEXT NOT NULL,
    id BIGINT NOT NULL,
    name TEXT NOT NULL,
    -- Orders that cannot be seen, because it is not shown. 0 while it is.
    hidden_orders BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (source, model, id)
);

-- Streams of Odoo with records that were written in the future, as the last pass found them.
CREATE TABLE future_records (
    source SMALLINT NOT NULL,
    model TEXT NOT NULL,
    records BIGINT NOT NULL,
    -- The one that is written last.
    latest_id BIGINT NOT NULL,
    latest_name TEXT NOT NULL,
    latest_written_at_us BIGINT NOT NULL,
    PRIMARY KEY (source, model)
);

-- The oldest schema whose program may still work on this database: a migration that takes something away raises it.
CREATE TABLE schema_floor (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    version TEXT NOT NULL
);
INSERT INTO schema_floor (id, version) VALUES (1, '20261201000001');

-- Written to see whether the database can be written: /readyz asks that way.
CREATE TABLE readiness (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    asked_at_us BIGINT NOT NULL,
    times BIGINT NOT NULL
);
INSERT INTO readiness (id, asked_at_us, times) VALUES (1, 0, 0);

-- The ledger is append-only, whoever holds the file.
CREATE TRIGGER entries_no_update BEFORE UPDATE ON entries
BEGIN SELECT RAISE(ABORT, 'entries are append-only'); END;
CREATE TRIGGER entries_no_delete BEFORE DELETE ON entries
BEGIN SELECT RAISE(ABORT, 'entries are append-only'); END;
CREATE TRIGGER entry_texts_no_update BEFORE UPDATE ON entry_texts
BEGIN SELECT RAISE(ABORT, 'entry_texts are append-only'); END;
CREATE TRIGGER entry_texts_no_delete BEFORE DELETE ON entry_texts
WHEN NOT EXISTS (SELECT 1 FROM redactions WHERE entry_id = OLD.entry_id)
BEGIN SELECT RAISE(ABORT, 'entry_texts are append-only but for what redactions names'); END;
CREATE TRIGGER redactions_no_update BEFORE UPDATE ON redactions
BEGIN SELECT RAISE(ABORT, 'redactions are append-only'); END;
CREATE TRIGGER redactions_no_delete BEFORE DELETE ON redactions
BEGIN SELECT RAISE(ABORT, 'redactions are append-only'); END;
CREATE TRIGGER recorded_replies_no_update BEFORE UPDATE ON recorded_replies
BEGIN SELECT RAISE(ABORT, 'recorded_replies are append-only'); END;
CREATE TRIGGER recorded_replies_no_delete BEFORE DELETE ON recorded_replies WHEN NOT OLD.refusal
BEGIN SELECT RAISE(ABORT, 'recorded_replies are append-only'); END;

-- SQLite's planner takes two columns of a key for telling apart nearly all rows; source and model tell nothing apart. Told
-- how it is, it looks orders up by what names them, and does not walk all of them.
ANALYZE orders;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('orders', 'sqlite_autoindex_orders_1', '1000000 1000000 1000000 1'),
    ('orders', 'orders_by_placed_at', '1000000 1'),
    ('orders', 'orders_by_uuid', '1000000 1'),
    ('orders', 'orders_by_reference', '1000000 2'),
    ('orders', 'orders_by_partner', '1000000 20'),
    ('orders', 'orders_by_wallet', '1000000 20');
ANALYZE sqlite_schema;
