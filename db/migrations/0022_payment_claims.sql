-- For providers without idempotency keys: which requests may have been sent, and which never may be any more.
CREATE TABLE payment_claims (
  key text PRIMARY KEY,
  kind text NOT NULL CHECK (kind IN ('sent', 'burnt')),
  at timestamptz NOT NULL DEFAULT now()
);
