-- Where somebody who is not ours fetches the goods; without one no partner fleet is asked.

ALTER TABLE branches ADD COLUMN address text;
