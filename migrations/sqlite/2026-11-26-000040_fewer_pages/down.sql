-- Nothing to take back: the columns are the same, and a program of before works on these tables.
SELECT 1;
