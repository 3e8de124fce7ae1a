-- Who may carry what, and where goods are when their driver cannot go on.

ALTER TABLE drivers
  -- what only some can carry or check
  ADD COLUMN skills text[] NOT NULL DEFAULT '{age_check,prescription}'
    CHECK (skills <@ '{cold_chain,age_check,prescription,heavy}'),
  -- null: any
  ADD COLUMN vehicle text CHECK (vehicle IN ('foot', 'bicycle', 'scooter', 'car', 'van')),
  -- works for this merchant alone
  ADD COLUMN merchant_id text REFERENCES merchants;

-- Where a driver with the goods had to stop; the next one fetches them there.
ALTER TABLE orders ADD COLUMN goods_lat double precision, ADD COLUMN goods_lng double precision;

-- A driver and a customer or merchant who are not to meet, whoever wanted it so.
CREATE TABLE driver_blocks (
  driver_id text NOT NULL REFERENCES drivers,
  -- the id of a customer or a merchant
  party text NOT NULL,
  key_id text NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (driver_id, party)
);
CREATE INDEX ON driver_blocks (party);
