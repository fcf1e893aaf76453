-- Whether a token is a manager's. Its role is then 'viewer': versions before this one know no more.
ALTER TABLE tokens ADD COLUMN manager BOOLEAN NOT NULL DEFAULT FALSE;

-- For whom an exception was resolved, as the caller says: a claim.
ALTER TABLE exceptions ADD COLUMN resolved_on_behalf_of TEXT;

-- The lists of one program's members.
CREATE INDEX accounts_by_program ON accounts (source, program_id, partner_id);
CREATE INDEX memberships_by_program ON memberships (source, program_id, partner_id);
