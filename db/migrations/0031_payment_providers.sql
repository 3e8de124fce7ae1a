-- Who takes money in a market.
ALTER TABLE markets ADD COLUMN payment_providers text[] NOT NULL DEFAULT '{stripe,cash,external}';
-- Payments that wait for their payer are asked about, should the provider's webhook be lost.
CREATE INDEX orders_awaiting_payer ON orders (updated_at) WHERE payment_status = 'requires_action';
