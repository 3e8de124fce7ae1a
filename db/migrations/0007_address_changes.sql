-- Where an order goes instead, sealed as in `orders`: written before the order is told, and moved into its row by the
-- transaction that stores its word.
CREATE TABLE address_changes (
  command_id text PRIMARY KEY,
  order_id text NOT NULL REFERENCES orders,
  lat double precision NOT NULL,
  lng double precision NOT NULL,
  address_enc bytea NOT NULL
);
