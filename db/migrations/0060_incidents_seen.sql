-- Which comparison saw a difference last: what the next one does not find any more has gone.
ALTER TABLE incidents ADD COLUMN seen_by text;
