-- A change that its order has not taken is forgotten after a day.
ALTER TABLE address_changes ADD COLUMN created_at timestamptz NOT NULL DEFAULT now();
