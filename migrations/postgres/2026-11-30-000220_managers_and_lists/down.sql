DROP INDEX memberships_by_program;
DROP INDEX accounts_by_program;
ALTER TABLE exceptions DROP COLUMN resolved_on_behalf_of;
ALTER TABLE tokens DROP COLUMN manager;
