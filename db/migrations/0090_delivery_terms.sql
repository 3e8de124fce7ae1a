-- Who may carry an order, and how: what a merchant usually asks for, and what counts while a driver has it in hand.

ALTER TABLE merchants ADD COLUMN delivery_terms jsonb NOT NULL DEFAULT '{}';

ALTER TABLE orders
  -- units of a driver's capacity
  ADD COLUMN load integer NOT NULL DEFAULT 1 CHECK (load > 0),
  -- with nothing else on board
  ADD COLUMN direct boolean NOT NULL DEFAULT false;
