ALTER TABLE recomputes DROP COLUMN reason;
ALTER TABLE recomputes DROP COLUMN requested_by;
DROP TRIGGER verdicts_no_delete ON verdicts;
DROP TRIGGER verdicts_no_change ON verdicts;
CREATE TRIGGER verdicts_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON verdicts
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
DROP INDEX verdicts_refusals;
ALTER TABLE verdicts DROP COLUMN refusal;
