CREATE INDEX holds_open ON holds (account_id) WHERE state = 'open';
CREATE INDEX holds_by_account ON holds (account_id);
DROP INDEX holds_by_account_and_state;
