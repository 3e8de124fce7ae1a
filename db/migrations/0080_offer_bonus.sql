-- What an offer brings its driver for this order beyond the delivery's pay: fixed when it is made.
ALTER TABLE offer_orders ADD COLUMN bonus_minor bigint NOT NULL DEFAULT 0 CHECK (bonus_minor >= 0);
