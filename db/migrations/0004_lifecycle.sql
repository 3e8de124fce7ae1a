-- The whole lifecycle: what an order costs now, for when it is, how it gets to the customer; branches that take orders
-- by themselves or are paused; what a merchant sells and has agreed on.

ALTER TABLE orders
  ADD COLUMN fulfilment text NOT NULL DEFAULT 'delivery' CHECK (fulfilment IN ('delivery', 'pickup', 'dine_in')),
  ADD COLUMN promised_at timestamptz,
  -- Support holds its deadlines until then.
  ADD COLUMN held_until timestamptz,
  ADD COLUMN goods_minor bigint NOT NULL DEFAULT 0,
  ADD COLUMN delivery_fee_minor bigint NOT NULL DEFAULT 0,
  ADD COLUMN tip_minor bigint NOT NULL DEFAULT 0;

ALTER TABLE merchants
  ADD COLUMN kind text NOT NULL DEFAULT 'restaurant' CHECK (kind IN ('restaurant', 'store', 'pharmacy')),
  -- Overrides of the settlement table: end.stage -> shares.
  ADD COLUMN settlement jsonb NOT NULL DEFAULT '{}';

ALTER TABLE branches
  ADD COLUMN auto_accept boolean NOT NULL DEFAULT false,
  ADD COLUMN acknowledged_at timestamptz,
  ADD COLUMN paused_until timestamptz;

-- The dispatcher, the driver's list and the audit look for who has goods in their hands.
DROP INDEX orders_carried;
CREATE INDEX orders_carried ON orders (driver_id) WHERE delivery_status IN (
  'confirmed', 'arrived_at_pickup', 'picked_up', 'arrived_at_dropoff', 'delivery_unconfirmed', 'problem',
  'enroute_to_return', 'arrived_at_return');

-- Whose order it was that expired before this one (a branch is paused after two in a row).
CREATE INDEX orders_by_branch ON orders (branch_id, id);
