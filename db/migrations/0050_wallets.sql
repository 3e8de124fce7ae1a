-- A customer's stored balance lives in the ledger alone. The database itself lets none fall below zero: those who move it
-- hold the wallet's lock, so that what is read here is what there is.

ALTER TABLE ledger_entries DROP CONSTRAINT ledger_entries_account;
ALTER TABLE ledger_entries ADD CONSTRAINT ledger_entries_account CHECK (account IN (
  'customer', 'merchant', 'driver', 'platform', 'tax', 'tips', 'provider_clearing', 'provider_fees',
  'refunds_in_transit', 'payouts_in_transit', 'disputes', 'receivable', 'bad_debt', 'rounding', 'fx', 'cash_in_hand', 'cash_desk',
  'channel_clearing', 'wallet', 'wallet_held',
  'promotions', 'partner_payable', 'unidentified_receipts'));

CREATE FUNCTION ledger_check_wallet() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT sum(amount_minor) FROM ledger_entries
      WHERE party = NEW.party AND account = NEW.account AND currency = NEW.currency) > 0 THEN
    RAISE EXCEPTION 'the % of % would fall below zero', NEW.account, NEW.party USING ERRCODE = 'WB003';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER ledger_wallet AFTER INSERT ON ledger_entries FOR EACH ROW
  WHEN (NEW.account IN ('wallet', 'wallet_held') AND NEW.amount_minor > 0) EXECUTE FUNCTION ledger_check_wallet();
