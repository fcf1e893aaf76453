-- What a hold takes off which line of its draft, as JSON: the rewards of one order share its lines. NULL where a version
-- of before made the hold.
ALTER TABLE holds ADD COLUMN lines TEXT;
