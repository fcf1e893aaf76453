-- What the last comparison with Odoo would have taken back, and did not, because it is too much at once: a person is asked.
CREATE TABLE held_withdrawals (
    source TEXT PRIMARY KEY,
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
