-- The hold that this one took the place of, because its order changed; and what it protects for that one of points
-- past their end: how many, and when the first of the holds that followed one another was made.
ALTER TABLE holds ADD COLUMN replaces TEXT;
ALTER TABLE holds ADD COLUMN carried_points_e2 BIGINT;
ALTER TABLE holds ADD COLUMN carried_good_at_us BIGINT;
