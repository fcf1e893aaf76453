DROP TABLE companies;
ALTER TABLE orders DROP COLUMN links_refunds;
ALTER TABLE order_lines DROP COLUMN combo_parent_line_id;
ALTER TABLE pos_configs DROP COLUMN neutral_product_ids;
