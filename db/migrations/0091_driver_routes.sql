-- What a driver has in hand, put into another order by the dispatcher: the newest of these, or of the offers that the
-- driver has accepted, is the order in which they drive.
CREATE TABLE driver_routes (
  driver_id text NOT NULL REFERENCES drivers,
  market_id text NOT NULL REFERENCES markets,
  at timestamptz NOT NULL,
  order_ids text[] NOT NULL,
  -- all that was left to drive, stop by stop
  route jsonb NOT NULL,
  -- the order before, and what it gains
  decision jsonb NOT NULL,
  PRIMARY KEY (driver_id, at)
);
CREATE INDEX ON driver_routes USING gin (order_ids);
