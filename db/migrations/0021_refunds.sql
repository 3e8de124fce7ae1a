-- Refunds and disputes: what happens to an order's money after its end. The row is the state of the workflow
-- `refund:<id>`; every step of it is one transaction with its postings.

ALTER TABLE markets ADD COLUMN refund_approval_above_minor bigint CHECK (refund_approval_above_minor >= 0);

CREATE TABLE refunds (
  id text PRIMARY KEY,
  order_id text NOT NULL REFERENCES orders,
  merchant_id text NOT NULL,
  customer_id text NOT NULL,
  currency text NOT NULL,
  amount_minor bigint NOT NULL CHECK (amount_minor > 0),
  status text NOT NULL CHECK (status IN
    ('awaiting_approval', 'requested', 'sending', 'pending', 'refunded', 'failed', 'rejected')),
  fault text NOT NULL CHECK (fault IN ('merchant', 'driver', 'platform', 'shared')),
  reason text NOT NULL,
  -- what was asked for, so that no item, fee or tip is given back twice
  wish jsonb NOT NULL,
  -- who bears it: ledger entries that sum to the amount
  bearers jsonb NOT NULL,
  provider text NOT NULL,
  provider_ref text NOT NULL,
  refund_ref text,
  attempt int NOT NULL DEFAULT 0,
  code text,
  requested_by jsonb NOT NULL,
  decided_by jsonb,
  note_id text,
  created_at timestamptz NOT NULL,
  decide_before timestamptz,
  first_sent_at timestamptz,
  finished_at timestamptz
);
CREATE INDEX ON refunds (order_id);
CREATE INDEX refunds_open ON refunds (created_at) WHERE finished_at IS NULL;
CREATE UNIQUE INDEX refunds_by_ref ON refunds (provider, refund_ref) WHERE refund_ref IS NOT NULL;

CREATE TABLE disputes (
  provider text NOT NULL,
  dispute_ref text NOT NULL,
  order_id text REFERENCES orders,
  provider_ref text NOT NULL,
  amount_minor bigint NOT NULL CHECK (amount_minor > 0),
  currency text NOT NULL,
  status text NOT NULL CHECK (status IN ('open', 'won', 'lost')),
  reason text NOT NULL,
  evidence_due_at timestamptz,
  evidence_sent_at timestamptz,
  opened_at timestamptz NOT NULL,
  closed_at timestamptz,
  PRIMARY KEY (provider, dispute_ref)
);
CREATE INDEX ON disputes (order_id);
CREATE INDEX disputes_open ON disputes (provider_ref) WHERE status = 'open';

-- Money keeps moving after an order's end: its payment is looked up by the provider's name for it.
CREATE INDEX orders_by_payment ON orders (provider_ref) WHERE provider_ref IS NOT NULL;
DROP INDEX orders_by_provider_ref;
