-- What is booked of a payment's fees at its provider, in the currency of the balance that they are taken from.

CREATE TABLE provider_fees (
  provider text NOT NULL,
  provider_ref text NOT NULL,
  currency text NOT NULL,
  amount_minor bigint NOT NULL,
  -- How often it was posted: it may change.
  postings int NOT NULL,
  PRIMARY KEY (provider, provider_ref, currency)
);
