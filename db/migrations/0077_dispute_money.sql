-- What is booked of a dispute: the provider changes its fee, and a lost one may be won on appeal.
ALTER TABLE disputes
  ADD COLUMN lost_minor bigint NOT NULL DEFAULT 0,
  ADD COLUMN fee_minor bigint NOT NULL DEFAULT 0,
  ADD COLUMN fee_postings int NOT NULL DEFAULT 0;
UPDATE disputes SET lost_minor = amount_minor WHERE status = 'lost';
