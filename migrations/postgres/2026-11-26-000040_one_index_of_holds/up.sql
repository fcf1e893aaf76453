-- One index serves what two did: what a member's holds are, and which of them are open.
CREATE INDEX holds_by_account_and_state ON holds (account_id, state);
DROP INDEX holds_open;
DROP INDEX holds_by_account;
