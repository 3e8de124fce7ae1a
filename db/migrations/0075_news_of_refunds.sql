-- How often the provider had news of a refund that it had answered: an answer that was read before them counts no more.
ALTER TABLE refunds ADD COLUMN news int NOT NULL DEFAULT 0;
ALTER TABLE withdrawal_parts ADD COLUMN news int NOT NULL DEFAULT 0;
