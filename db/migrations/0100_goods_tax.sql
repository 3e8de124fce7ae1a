-- Taxes inside prices or on top of them, owed by the merchant or collected by the platform.

ALTER TABLE markets
  ADD COLUMN tax_mode text NOT NULL DEFAULT 'inclusive' CHECK (tax_mode IN ('inclusive', 'exclusive')),
  ADD COLUMN tax_collector text NOT NULL DEFAULT 'merchant' CHECK (tax_collector IN ('merchant', 'platform'));

CREATE OR REPLACE FUNCTION ledger_knows(account text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN account IN (
    'customer', 'merchant', 'driver', 'platform', 'tax', 'goods_tax', 'tips', 'provider_clearing', 'provider_fees',
    'refunds_in_transit', 'payouts_in_transit', 'disputes', 'receivable', 'bad_debt', 'rounding', 'fx', 'cash_in_hand', 'cash_desk',
    'channel_clearing', 'wallet', 'wallet_held',
    'promotions', 'partner_payable', 'unidentified_receipts');
END $$;
