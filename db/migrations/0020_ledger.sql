-- The ledger guards itself: nobody changes or removes what was posted, no transaction is stored that does not balance,
-- no account exists that the code does not know. Entries are read by party, as statements and balances do.

-- Payouts and corrections belong to no order.
ALTER TABLE ledger_transactions ALTER COLUMN order_id DROP NOT NULL;

ALTER TABLE ledger_entries ADD CONSTRAINT ledger_entries_account CHECK (account IN (
  'customer', 'merchant', 'driver', 'platform', 'tax', 'tips', 'provider_clearing', 'provider_fees',
  'refunds_in_transit', 'payouts_in_transit', 'disputes', 'bad_debt', 'rounding', 'fx', 'cash_in_hand', 'cash_desk',
  'channel_clearing', 'wallet',
  'promotions', 'partner_payable', 'unidentified_receipts'));

DROP INDEX ledger_entries_account_party_at_idx;
CREATE INDEX ledger_entries_by_party ON ledger_entries (party, at, transaction_key, account)
  INCLUDE (amount_minor, currency);

CREATE FUNCTION ledger_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the ledger is append-only: % of % refused', TG_OP, TG_TABLE_NAME USING ERRCODE = 'WB001';
END $$;

-- Row triggers are inherited by partitions, so that no way leads around them.
CREATE TRIGGER ledger_immutable BEFORE UPDATE OR DELETE ON ledger_transactions
  FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER ledger_immutable BEFORE UPDATE OR DELETE ON ledger_entries
  FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER ledger_not_emptied BEFORE TRUNCATE ON ledger_transactions
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER ledger_not_emptied BEFORE TRUNCATE ON ledger_entries
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();

-- What one statement adds to a transaction must balance and be of its currency. One look per statement costs a small
-- part of a deferred look per row (docs/decisions/0020-the-ledger-guards-itself.md), and says no earlier. The head is
-- looked up key by key, so that a plan made for an empty table stays right for a large one.
CREATE FUNCTION ledger_check_balance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE bad text;
BEGIN
  SELECT key INTO bad FROM (
    SELECT transaction_key AS key, min(currency) AS lowest, max(currency) AS highest, sum(amount_minor) AS sum
    FROM added GROUP BY transaction_key) a
  WHERE sum <> 0 OR lowest <> highest
    OR (SELECT currency FROM ledger_transactions t WHERE t.key = a.key) IS DISTINCT FROM lowest
  LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'the ledger transaction % does not balance or is not one', bad USING ERRCODE = 'WB002';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER ledger_balanced AFTER INSERT ON ledger_entries
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ledger_check_balance();

-- Posts one transaction, once per key: true when it was posted now. Here and not in the client, because a session then
-- plans it once instead of for every posting.
CREATE FUNCTION ledger_post(new_key text, new_order_id text, new_kind text, new_currency text, new_at timestamptz,
  entry_accounts text[], entry_parties text[], entry_amounts bigint[])
RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO ledger_transactions (key, order_id, kind, currency, at)
  VALUES (new_key, new_order_id, new_kind, new_currency, new_at) ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN RETURN false; END IF;
  INSERT INTO ledger_entries (transaction_key, account, party, amount_minor, currency, at)
  SELECT new_key, account, party, amount_minor, new_currency, new_at
  FROM unnest(entry_accounts, entry_parties, entry_amounts) AS entry (account, party, amount_minor);
  RETURN true;
END $$;

-- A partition from `starts` to `ends` with its own guards, for those who write to it directly. False when it is there
-- already, or when rows of that time lie in the default partition and have to stay there.
CREATE FUNCTION ensure_partition(parent regclass, suffix text, starts timestamptz, ends timestamptz)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE child text := parent::text || '_' || suffix;
BEGIN
  IF to_regclass(child) IS NOT NULL THEN RETURN false; END IF;
  EXECUTE format('CREATE TABLE %I PARTITION OF %s FOR VALUES FROM (%L) TO (%L)', child, parent, starts, ends);
  IF parent = 'ledger_entries'::regclass THEN PERFORM guard_ledger_partition(child); END IF;
  RETURN true;
EXCEPTION WHEN check_violation OR duplicate_table THEN RETURN false;
END $$;

CREATE FUNCTION guard_ledger_partition(child text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE TRIGGER ledger_not_emptied BEFORE TRUNCATE ON %I
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change()', child);
  EXECUTE format('CREATE TRIGGER ledger_balanced AFTER INSERT ON %I
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ledger_check_balance()', child);
END $$;
SELECT guard_ledger_partition('ledger_entries_default');
