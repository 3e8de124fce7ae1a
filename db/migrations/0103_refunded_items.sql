-- What a refund gives back for items, so that those that failed count for nothing in what the next one gives.
ALTER TABLE refunds ADD COLUMN items_minor bigint NOT NULL DEFAULT 0;
