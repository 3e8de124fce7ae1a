-- The core: markets, tenants, orders (read model), event log, offers, ledger, idempotency, people.
-- Money is bigint minor units, business times are parameters, ids are prefixed text.

CREATE TABLE markets (
  id text PRIMARY KEY,
  name text NOT NULL,
  currency text NOT NULL,
  time_zone text NOT NULL,
  policy jsonb NOT NULL,
  driver_pay_minor bigint NOT NULL CHECK (driver_pay_minor >= 0),
  delivery_fee_minor bigint NOT NULL CHECK (delivery_fee_minor >= 0),
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE merchants (
  id text PRIMARY KEY,
  market_id text NOT NULL REFERENCES markets,
  name text NOT NULL,
  commission_bps int NOT NULL CHECK (commission_bps BETWEEN 0 AND 10000),
  next_order_number bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE branches (
  id text PRIMARY KEY,
  merchant_id text NOT NULL REFERENCES merchants,
  market_id text NOT NULL REFERENCES markets,
  name text NOT NULL,
  lat double precision NOT NULL,
  lng double precision NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON branches (merchant_id);

-- People's data: encrypted with a key of their own; without the key the row is noise.
CREATE TABLE people (
  id text PRIMARY KEY,
  wrapped_key bytea,
  name_enc bytea,
  phone_enc bytea,
  address_enc bytea,
  erased_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX ON people (erased_at) WHERE erased_at IS NOT NULL;

CREATE TABLE drivers (
  id text PRIMARY KEY REFERENCES people,
  market_id text NOT NULL REFERENCES markets,
  capacity int NOT NULL DEFAULT 1 CHECK (capacity BETWEEN 1 AND 20),
  online boolean NOT NULL DEFAULT false,
  online_since timestamptz,
  shift_ends_at timestamptz,
  lat double precision,
  lng double precision,
  position_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON drivers (market_id) WHERE online;

CREATE TABLE api_keys (
  id text PRIMARY KEY,
  secret_hash bytea NOT NULL UNIQUE,
  role text NOT NULL CHECK (role IN
    ('platform_admin', 'support', 'owner', 'manager', 'staff', 'driver', 'customer')),
  merchant_id text REFERENCES merchants,
  branch_id text REFERENCES branches,
  driver_id text REFERENCES drivers,
  customer_id text REFERENCES people,
  created_at timestamptz NOT NULL DEFAULT now(),
  revoked_at timestamptz,
  CHECK (CASE role
    WHEN 'driver' THEN driver_id IS NOT NULL AND merchant_id IS NULL AND customer_id IS NULL
    WHEN 'customer' THEN customer_id IS NOT NULL AND merchant_id IS NULL AND driver_id IS NULL
    WHEN 'platform_admin' THEN merchant_id IS NULL AND driver_id IS NULL AND customer_id IS NULL
    WHEN 'support' THEN merchant_id IS NULL AND driver_id IS NULL AND customer_id IS NULL
    ELSE merchant_id IS NOT NULL AND driver_id IS NULL AND customer_id IS NULL END)
);

-- The read model of an order and, until its workflow has answered, its draft.
CREATE TABLE orders (
  id text PRIMARY KEY,
  merchant_id text NOT NULL REFERENCES merchants,
  branch_id text NOT NULL REFERENCES branches,
  market_id text NOT NULL REFERENCES markets,
  customer_id text NOT NULL REFERENCES people,
  external_id text,
  number text NOT NULL,
  placed_at timestamptz NOT NULL,
  -- the workflow's start argument, kept so that an orphan draft can be finished
  facts jsonb NOT NULL,
  items jsonb NOT NULL,
  currency text NOT NULL,
  total_minor bigint NOT NULL CHECK (total_minor > 0),
  pickup_lat double precision NOT NULL,
  pickup_lng double precision NOT NULL,
  dropoff_lat double precision NOT NULL,
  dropoff_lng double precision NOT NULL,
  -- written by `record` only; sequence 0 is a draft
  sequence int NOT NULL DEFAULT 0,
  status text NOT NULL DEFAULT 'PENDING',
  order_status text NOT NULL DEFAULT 'payment_pending',
  delivery_status text NOT NULL DEFAULT 'none',
  payment_status text NOT NULL DEFAULT 'none',
  end_reason text,
  driver_id text REFERENCES drivers,
  offer_id text,
  owner text,
  deadline_at timestamptz,
  next_exit text,
  deadlines jsonb NOT NULL DEFAULT '[]',
  ready_estimate_at timestamptz,
  ready_at timestamptz,
  pickup_eta_at timestamptz,
  dropoff_eta_at timestamptz,
  search int NOT NULL DEFAULT 0,
  search_since timestamptz,
  provider_ref text,
  is_over boolean NOT NULL DEFAULT false,
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (merchant_id, external_id)
) WITH (fillfactor = 70);
CREATE INDEX orders_by_merchant ON orders (merchant_id, id);
CREATE INDEX orders_by_customer ON orders (customer_id, id);
CREATE INDEX orders_searching ON orders (market_id) WHERE delivery_status = 'searching';
CREATE INDEX orders_carried ON orders (driver_id) WHERE delivery_status IN ('confirmed', 'picked_up', 'delivery_unconfirmed');
CREATE INDEX orders_open ON orders (id) WHERE NOT is_over;
CREATE INDEX orders_by_provider_ref ON orders (provider_ref) WHERE provider_ref IS NOT NULL AND NOT is_over;

-- The event log: write-once, a sequence per order without gaps. (xid, id) is the feed's cursor.
CREATE SEQUENCE order_events_id;
CREATE TABLE order_events (
  order_id text NOT NULL,
  sequence int NOT NULL,
  id bigint NOT NULL DEFAULT nextval('order_events_id'),
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  merchant_id text NOT NULL,
  type text NOT NULL,
  body jsonb NOT NULL,
  actor jsonb NOT NULL,
  command_id text NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (order_id, sequence)
) PARTITION BY HASH (order_id);
DO $$ BEGIN FOR i IN 0..7 LOOP
  EXECUTE format('CREATE TABLE order_events_%s PARTITION OF order_events FOR VALUES WITH (MODULUS 8, REMAINDER %s)', i, i);
END LOOP; END $$;
CREATE INDEX order_events_feed ON order_events (merchant_id, xid, id);
CREATE INDEX order_events_all ON order_events (xid, id);

-- Offers: the row is the arbiter. One open offer per driver, one live offer per delivery.
CREATE TABLE offers (
  id text PRIMARY KEY,
  market_id text NOT NULL REFERENCES markets,
  driver_id text NOT NULL REFERENCES drivers,
  status text NOT NULL CHECK (status IN ('open', 'accepted', 'declined', 'expired', 'withdrawn', 'voided')),
  made_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  answered_at timestamptz,
  pickup_eta_at timestamptz NOT NULL,
  decision jsonb NOT NULL
);
CREATE UNIQUE INDEX offers_one_open_per_driver ON offers (driver_id) WHERE status = 'open';
CREATE INDEX offers_live ON offers (market_id, status) WHERE status IN ('open', 'accepted');
CREATE INDEX offers_by_driver ON offers (driver_id, id);

CREATE TABLE offer_orders (
  offer_id text NOT NULL REFERENCES offers,
  order_id text NOT NULL REFERENCES orders,
  search int NOT NULL,
  status text NOT NULL CHECK (status IN
    ('open', 'accepted', 'assigned', 'declined', 'expired', 'withdrawn', 'refused')),
  PRIMARY KEY (offer_id, order_id)
);
CREATE UNIQUE INDEX offer_orders_one_live ON offer_orders (order_id) WHERE status IN ('open', 'accepted');
CREATE INDEX ON offer_orders (order_id);

CREATE SEQUENCE offer_events_id;
CREATE TABLE offer_events (
  id bigint PRIMARY KEY DEFAULT nextval('offer_events_id'),
  offer_id text NOT NULL,
  order_id text NOT NULL,
  driver_id text NOT NULL,
  type text NOT NULL,
  at timestamptz NOT NULL
);
CREATE INDEX ON offer_events (order_id, id);

-- A dispatcher's sleep is entered under the lock of its row, so no need can slip between look and sleep.
CREATE TABLE dispatchers (
  market_id text PRIMARY KEY REFERENCES markets,
  asleep boolean NOT NULL DEFAULT false,
  last_round_at timestamptz
);

-- Double entry: the entries of a transaction sum to zero; its key makes posting idempotent.
CREATE TABLE ledger_transactions (
  key text PRIMARY KEY,
  order_id text NOT NULL,
  kind text NOT NULL,
  currency text NOT NULL,
  at timestamptz NOT NULL
);
CREATE INDEX ON ledger_transactions (order_id);
CREATE TABLE ledger_entries (
  transaction_key text NOT NULL,
  account text NOT NULL,
  party text NOT NULL,
  amount_minor bigint NOT NULL CHECK (amount_minor <> 0),
  currency text NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (transaction_key, account, party, at)
) PARTITION BY RANGE (at);
CREATE TABLE ledger_entries_default PARTITION OF ledger_entries DEFAULT;
CREATE INDEX ON ledger_entries (account, party, at);

CREATE TABLE driver_positions (
  driver_id text NOT NULL,
  at timestamptz NOT NULL,
  lat double precision NOT NULL,
  lng double precision NOT NULL
) PARTITION BY RANGE (at);
CREATE TABLE driver_positions_default PARTITION OF driver_positions DEFAULT;
CREATE INDEX ON driver_positions (driver_id, at);

-- Losses and oddities that a person must look at.
CREATE TABLE incidents (
  key text PRIMARY KEY,
  order_id text,
  kind text NOT NULL,
  detail jsonb NOT NULL DEFAULT '{}',
  at timestamptz NOT NULL,
  resolved_at timestamptz
);

CREATE TABLE idempotency_keys (
  tenant text NOT NULL,
  key text NOT NULL,
  route text NOT NULL,
  body_hash bytea NOT NULL,
  order_id text,
  lease_until timestamptz NOT NULL,
  -- When the order read its log, after this request's caller was lost.
  caught_up_at timestamptz,
  response_status int,
  response_body jsonb,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant, key)
);
CREATE INDEX idempotency_keys_in_flight ON idempotency_keys (lease_until) WHERE response_status IS NULL;
CREATE INDEX ON idempotency_keys (created_at);

CREATE TABLE provider_webhooks (
  provider text NOT NULL,
  event_id text NOT NULL,
  type text NOT NULL,
  provider_ref text,
  order_id text,
  received_at timestamptz NOT NULL DEFAULT now(),
  done_at timestamptz,
  PRIMARY KEY (provider, event_id)
);
CREATE INDEX ON provider_webhooks (received_at) WHERE done_at IS NULL;
-- For deleting the old ones.
CREATE INDEX ON provider_webhooks USING brin (received_at);

-- Free text from people, encrypted with the key of the person that it is about.
CREATE TABLE notes (
  id text PRIMARY KEY,
  order_id text,
  person_id text NOT NULL REFERENCES people,
  body_enc bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
