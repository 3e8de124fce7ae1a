-- A refund of an order that was paid by wallet and card is two rows: what the card gets, and the wallet's part of it.
ALTER TABLE refunds ADD COLUMN part_of text REFERENCES refunds;
CREATE INDEX ON refunds (part_of) WHERE part_of IS NOT NULL;
