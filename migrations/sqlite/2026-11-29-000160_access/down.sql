ALTER TABLE recomputes DROP COLUMN reason;
ALTER TABLE recomputes DROP COLUMN requested_by;
DROP TRIGGER verdicts_no_delete;
CREATE TRIGGER verdicts_no_delete BEFORE DELETE ON verdicts
BEGIN SELECT RAISE(ABORT, 'verdicts are append-only'); END;
DROP INDEX verdicts_refusals;
ALTER TABLE verdicts DROP COLUMN refusal;
