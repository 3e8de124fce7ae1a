-- Taxes of a market, basis points: inside the goods' prices, and VAT on the platform's commission.

ALTER TABLE markets
  ADD COLUMN tax_bps int NOT NULL DEFAULT 0 CHECK (tax_bps BETWEEN 0 AND 10000),
  ADD COLUMN fee_vat_bps int NOT NULL DEFAULT 0 CHECK (fee_vat_bps BETWEEN 0 AND 10000);
