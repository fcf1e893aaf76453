DROP INDEX holds_captured;
DROP INDEX exceptions_open;
DROP INDEX exceptions_by_time;
DROP INDEX order_lines_by_hold;
ALTER TABLE sync_passes DROP COLUMN captures_reviewed_us;
ALTER TABLE orders DROP COLUMN hold_field_missing;
ALTER TABLE accounts DROP COLUMN debt_exception_id;
