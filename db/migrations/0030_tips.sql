-- Tips after the delivery, each a payment of its own. The row is the state of the workflow `tip:<order_id>:<n>`; every
-- step of it is one transaction with its postings.
CREATE TABLE tips (
  order_id text NOT NULL REFERENCES orders,
  n int NOT NULL CHECK (n > 0),
  customer_id text NOT NULL,
  driver_id text NOT NULL,
  currency text NOT NULL,
  amount_minor bigint NOT NULL CHECK (amount_minor > 0),
  status text NOT NULL CHECK (status IN
    ('requested', 'sending', 'requires_action', 'authorized', 'releasing', 'paid', 'declined')),
  provider text NOT NULL,
  payment_method text NOT NULL,
  provider_ref text,
  -- of the payer alone, gone as soon as it is of no use
  client_secret text,
  attempt int NOT NULL DEFAULT 1,
  code text,
  requested_by jsonb NOT NULL,
  created_at timestamptz NOT NULL,
  first_sent_at timestamptz,
  finished_at timestamptz,
  PRIMARY KEY (order_id, n)
);
CREATE INDEX tips_open ON tips (created_at) WHERE finished_at IS NULL;
CREATE INDEX tips_by_payment ON tips (provider_ref) WHERE provider_ref IS NOT NULL;
