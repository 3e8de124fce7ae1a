-- How often the provider had news of a payout that it had answered: an answer that was read before them counts no more.
ALTER TABLE payouts ADD COLUMN news int NOT NULL DEFAULT 0;
