-- Companies and tills that Odoo has shown, by the name they had. Orders of one that is not shown any more are not gone:
-- the right to see them is.
CREATE TABLE odoo_places (
    source TEXT NOT NULL,
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
    source TEXT NOT NULL,
    model TEXT NOT NULL,
    records BIGINT NOT NULL,
    -- The one that is written last.
    latest_id BIGINT NOT NULL,
    latest_name TEXT NOT NULL,
    latest_written_at_us BIGINT NOT NULL,
    PRIMARY KEY (source, model)
);
