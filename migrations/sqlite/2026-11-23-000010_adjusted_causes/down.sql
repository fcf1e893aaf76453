DROP INDEX entries_by_adjusted_cause;
