ALTER TABLE holds DROP COLUMN carried_good_at_us;
ALTER TABLE holds DROP COLUMN carried_points_e2;
ALTER TABLE holds DROP COLUMN replaces;
