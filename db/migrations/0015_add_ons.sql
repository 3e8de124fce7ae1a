-- Whether the driver was on the way to the counter already.

ALTER TABLE offers ADD COLUMN is_add_on boolean NOT NULL DEFAULT false;
