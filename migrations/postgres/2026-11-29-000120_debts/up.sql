-- The exception that was raised when the account's available points fell below zero. NULL while they are zero or more.
ALTER TABLE accounts ADD COLUMN debt_exception_id TEXT;

-- Whether Odoo had no field loyalty_hold_id when the order was last read: then its lines say nothing about holds.
ALTER TABLE orders ADD COLUMN hold_field_missing BOOLEAN NOT NULL DEFAULT FALSE;

-- Holds captured up to this moment were looked at: each has its paid order, or an exception.
ALTER TABLE sync_passes ADD COLUMN captures_reviewed_us BIGINT;

-- Where the reward lines of a hold stand.
CREATE INDEX order_lines_by_hold ON order_lines (source, hold_ref) WHERE hold_ref IS NOT NULL;

-- Pages of exceptions, and how many wait.
CREATE INDEX exceptions_by_time ON exceptions (at_us, id);
CREATE INDEX exceptions_open ON exceptions (at_us, id) WHERE state = 'open';

-- Captured holds in the order of their captures, to be looked at once.
CREATE INDEX holds_captured ON holds (ended_at_us, id) WHERE state = 'captured';
