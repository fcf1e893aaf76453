-- Products that a shop books debts, deposits and down payments on: a JSON list of ids. Their lines neither earn nor
-- reduce. Shops are read whole once more, for them.
ALTER TABLE pos_configs ADD COLUMN neutral_product_ids TEXT NOT NULL DEFAULT '[]';
DELETE FROM cursors WHERE stream = 'pos.config';

-- The line of the combo that a line is a part of.
ALTER TABLE order_lines ADD COLUMN combo_parent_line_id BIGINT;

-- Whether an order was first read from an Odoo that says which line a refund takes back.
ALTER TABLE orders ADD COLUMN links_refunds BOOLEAN NOT NULL DEFAULT FALSE;

-- Which companies a company is a branch of: a JSON list of ids.
CREATE TABLE companies (
    source TEXT NOT NULL,
    id BIGINT NOT NULL,
    parent_ids TEXT NOT NULL,
    PRIMARY KEY (source, id)
);

-- Refunds now count with the money that was paid back, and those without a link only for the sale's own customer:
-- orders are computed once more. Any one program will do, for an order is computed whole.
INSERT INTO recomputes (program_id, from_us, partner_id, after_order_id, created_at_us)
SELECT MIN(id), NULL, NULL, 0, 0 FROM programs HAVING COUNT(*) > 0;
