-- Support: what is found wrong with workflows, who works on which order, what was tried and by whom, second approvals,
-- bulk actions, and a phone's blind index.

-- HMAC of the phone under a key derived from the master key: found by equality, not readable, erased with the person.
ALTER TABLE people ADD COLUMN phone_index bytea;
CREATE INDEX people_by_phone ON people (phone_index) WHERE phone_index IS NOT NULL;
CREATE INDEX orders_by_number ON orders (number);

-- Written by the watchdog: orders whose workflow does not do its work.
CREATE TABLE order_troubles (
  order_id text PRIMARY KEY REFERENCES orders,
  kind text NOT NULL CHECK (kind IN ('workflow_gone', 'workflow_failing', 'workflow_paused')),
  since timestamptz NOT NULL,
  seen_at timestamptz NOT NULL
);

-- Whose hands an order is in. A claim ends by itself.
CREATE TABLE order_claims (
  order_id text PRIMARY KEY REFERENCES orders,
  key_id text NOT NULL REFERENCES api_keys,
  claimed_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL
);

-- Every attempt of a person to change an order, also the refused ones, of which a workflow's history knows nothing.
CREATE TABLE support_attempts (
  command_id text PRIMARY KEY,
  id text NOT NULL UNIQUE,
  order_id text NOT NULL REFERENCES orders,
  action text NOT NULL,
  params jsonb NOT NULL DEFAULT '{}',
  key_id text NOT NULL,
  reason text NOT NULL,
  note_id text,
  -- the order's sequence that it was judged at
  sequence int NOT NULL,
  outcome text NOT NULL CHECK (outcome IN ('sent', 'done', 'refused', 'unknown', 'awaits_approval')),
  code text,
  approved_by text,
  bulk_id text,
  at timestamptz NOT NULL,
  answered_at timestamptz
);
CREATE INDEX ON support_attempts (order_id, at);
CREATE INDEX support_attempts_unanswered ON support_attempts (at) WHERE outcome IN ('sent', 'unknown');

-- What costs the platform more than one person may decide.
CREATE TABLE support_approvals (
  id text PRIMARY KEY,
  command_id text NOT NULL UNIQUE REFERENCES support_attempts,
  order_id text NOT NULL REFERENCES orders,
  status text NOT NULL CHECK (status IN ('pending', 'approved', 'rejected')),
  asked_by text NOT NULL,
  -- what the platform would bear, minor units
  loss_minor bigint NOT NULL,
  currency text NOT NULL,
  decided_by text,
  asked_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  decided_at timestamptz
);
CREATE INDEX ON support_approvals (id) WHERE status = 'pending';

CREATE TABLE bulk_jobs (
  id text PRIMARY KEY,
  action text NOT NULL,
  reason text NOT NULL,
  key_id text NOT NULL,
  created_at timestamptz NOT NULL
);
CREATE TABLE bulk_items (
  bulk_id text NOT NULL REFERENCES bulk_jobs,
  order_id text NOT NULL REFERENCES orders,
  -- null: not tried yet
  outcome text,
  code text,
  PRIMARY KEY (bulk_id, order_id)
);
CREATE INDEX bulk_items_left ON bulk_items (bulk_id) WHERE outcome IS NULL;

-- Who wrote a note; null: it came with an order or a command.
ALTER TABLE notes ADD COLUMN written_by text;
CREATE INDEX ON notes (order_id) WHERE written_by IS NOT NULL;
