-- Whose points an order's are: kept from its first reading with its customer. NULL: nobody's, or not kept yet.
ALTER TABLE orders ADD COLUMN wallet_partner_id BIGINT;
CREATE INDEX orders_by_wallet ON orders (source, wallet_partner_id) WHERE wallet_partner_id IS NOT NULL;

-- Partners that Odoo merged into others, or whose points a manager moved when they were gone from Odoo. Always the
-- last one of a chain: when B is merged into C, what went to B goes to C.
CREATE TABLE partner_merges (
    source TEXT NOT NULL,
    partner_id BIGINT NOT NULL,
    into_partner_id BIGINT NOT NULL,
    recorded_at_us BIGINT NOT NULL,
    PRIMARY KEY (source, partner_id)
);
CREATE INDEX partner_merges_by_target ON partner_merges (source, into_partner_id);

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
