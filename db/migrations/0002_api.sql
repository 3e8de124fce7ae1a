-- What the API keeps next to an order: whose guest a customer is, where to ring the bell, what the payer must confirm.

-- The merchant that brought this customer; null for customers of the platform, whom every merchant may serve.
ALTER TABLE people ADD COLUMN merchant_id text REFERENCES merchants;

-- The address belongs to the order (people order to more than one), sealed with the customer's key.
ALTER TABLE orders ADD COLUMN dropoff_address_enc bytea;
ALTER TABLE orders ADD COLUMN note_id text;

-- Written with `payment.requires_action`: what the customer's app needs to confirm the payment.
CREATE TABLE payment_actions (
  order_id text PRIMARY KEY REFERENCES orders,
  provider_ref text NOT NULL,
  client_secret text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
