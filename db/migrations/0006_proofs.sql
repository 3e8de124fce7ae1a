-- Proofs of a hand-over. A picture's bytes are in the proof store, sealed with the customer's key.
CREATE TABLE proofs (
  id text PRIMARY KEY,
  order_id text NOT NULL REFERENCES orders,
  kind text NOT NULL CHECK (kind IN ('photo', 'signature', 'pin', 'barcode', 'age')),
  -- of a picture; null: nothing is kept but that it was shown
  content_type text,
  byte_count int,
  -- the key that gave it
  key_id text NOT NULL,
  at timestamptz NOT NULL
);
CREATE INDEX ON proofs (order_id, at);

-- Wrong PINs, by the command that gave them: a retry counts once.
CREATE TABLE pin_attempts (
  order_id text PRIMARY KEY REFERENCES orders,
  failed text[] NOT NULL
);
