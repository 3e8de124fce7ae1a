-- How customers find a driver, 1 to 5 stars, as the platform says; null: not known.

ALTER TABLE drivers ADD COLUMN rating double precision CHECK (rating BETWEEN 1 AND 5);
