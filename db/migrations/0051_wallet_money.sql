-- Money into and out of wallets. A row is the state of the workflow `topup:<id>` or `withdrawal:<id>`; every step of it is
-- one transaction with its postings.

CREATE TABLE top_ups (
  id text PRIMARY KEY,
  customer_id text NOT NULL,
  currency text NOT NULL,
  amount_minor bigint NOT NULL CHECK (amount_minor > 0),
  status text NOT NULL CHECK (status IN ('requested', 'sending', 'requires_action', 'authorized', 'releasing', 'paid',
    'declined', 'returning', 'returned')),
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
  finished_at timestamptz
);
CREATE INDEX top_ups_of_wallet ON top_ups (customer_id, currency, id);
CREATE INDEX top_ups_open ON top_ups (created_at) WHERE finished_at IS NULL;
CREATE INDEX top_ups_by_payment ON top_ups (provider_ref) WHERE provider_ref IS NOT NULL;

CREATE TABLE withdrawals (
  id text PRIMARY KEY,
  customer_id text NOT NULL,
  currency text NOT NULL,
  amount_minor bigint NOT NULL CHECK (amount_minor > 0),
  status text NOT NULL CHECK (status IN ('sending', 'paid', 'partly_paid', 'failed')),
  requested_by jsonb NOT NULL,
  created_at timestamptz NOT NULL,
  finished_at timestamptz
);
CREATE INDEX withdrawals_of_wallet ON withdrawals (customer_id, currency, id);
CREATE INDEX withdrawals_open ON withdrawals (created_at) WHERE finished_at IS NULL;

-- Each a refund of one payment that filled the wallet.
CREATE TABLE withdrawal_parts (
  withdrawal_id text NOT NULL REFERENCES withdrawals,
  n int NOT NULL CHECK (n > 0),
  top_up_id text NOT NULL REFERENCES top_ups,
  provider text NOT NULL,
  provider_ref text NOT NULL,
  amount_minor bigint NOT NULL CHECK (amount_minor > 0),
  status text NOT NULL CHECK (status IN ('sending', 'pending', 'refunded', 'failed')),
  attempt int NOT NULL DEFAULT 1,
  refund_ref text,
  code text,
  first_sent_at timestamptz NOT NULL,
  PRIMARY KEY (withdrawal_id, n)
);
CREATE INDEX ON withdrawal_parts (top_up_id);
