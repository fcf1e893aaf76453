-- What was carried over from a card, or from a line of a file, is looked up by the document it came from. Only
-- adjustments have such documents, and they are few beside the orders' entries.
CREATE INDEX entries_by_adjusted_cause ON entries (cause_model, cause_id, cause_name) WHERE kind = 'adjust';
