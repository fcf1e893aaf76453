-- Tags of customers and products, which rules may name: JSON lists of ids, like categories.
ALTER TABLE partners ADD COLUMN tag_ids TEXT NOT NULL DEFAULT '[]';
ALTER TABLE products ADD COLUMN tag_ids TEXT NOT NULL DEFAULT '[]';
-- As they were when the order, with this customer, and the line, with this product, were first read.
ALTER TABLE orders ADD COLUMN partner_tag_ids TEXT NOT NULL DEFAULT '[]';
ALTER TABLE order_lines ADD COLUMN product_tag_ids TEXT NOT NULL DEFAULT '[]';
-- Partners and products are read whole once more, for their tags.
DELETE FROM cursors WHERE stream IN ('res.partner', 'product.product');

-- Odoo 14 links no refund to its sale: they are matched by what the receipts call them.
CREATE INDEX orders_by_reference ON orders (source, reference) WHERE reference IS NOT NULL;
CREATE INDEX orders_by_partner ON orders (source, partner_id) WHERE partner_id IS NOT NULL;

-- Products that gift cards and eWallets are sold and paid with: their lines neither earn nor reduce.
CREATE TABLE neutral_products (
    source TEXT NOT NULL,
    product_id BIGINT NOT NULL,
    PRIMARY KEY (source, product_id)
);

-- When members took part in programs that ask for it. Leaving ends a row, coming back begins another.
CREATE TABLE memberships (
    source TEXT NOT NULL,
    partner_id BIGINT NOT NULL,
    program_id BIGINT NOT NULL REFERENCES programs (id),
    enrolled_at_us BIGINT NOT NULL,
    left_at_us BIGINT,
    enrolled_by TEXT NOT NULL,
    left_by TEXT,
    PRIMARY KEY (source, partner_id, program_id, enrolled_at_us)
);

-- Orders of one member alone are to be computed again: because it was enrolled, or left.
ALTER TABLE recomputes ADD COLUMN partner_id BIGINT;

-- What a hold's reward gives: how many of its product are in the draft and how many come as a line of their own,
-- at which price with tax, and (JSON, a scope) which goods its discount is for.
ALTER TABLE holds ADD COLUMN covered_quantity_e6 BIGINT NOT NULL DEFAULT 0;
ALTER TABLE holds ADD COLUMN add_quantity_e6 BIGINT NOT NULL DEFAULT 0;
ALTER TABLE holds ADD COLUMN price_e4 BIGINT;
ALTER TABLE holds ADD COLUMN covers TEXT;
