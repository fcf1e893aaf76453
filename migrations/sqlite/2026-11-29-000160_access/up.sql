-- Recorded refusals may go after a while (ledger.reply_days); what was done stays for ever. Those of before the column
-- stay, too.
ALTER TABLE verdicts ADD COLUMN refusal BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX verdicts_refusals ON verdicts (recorded_at_us) WHERE refusal;
DROP TRIGGER verdicts_no_delete;
CREATE TRIGGER verdicts_no_delete BEFORE DELETE ON verdicts WHEN NOT OLD.refusal
BEGIN SELECT RAISE(ABORT, 'verdicts are append-only'); END;

-- Who has orders computed again, and why: the entries that come of it say so.
ALTER TABLE recomputes ADD COLUMN requested_by TEXT;
ALTER TABLE recomputes ADD COLUMN reason TEXT;
