-- Payouts by bank: each waits until it is sealed into one file that a person takes to the bank, then for what the bank
-- made of it. A payment is in one file, and a sealed file never changes.
CREATE TABLE payout_files (
  id text PRIMARY KEY,
  market_id text NOT NULL REFERENCES markets,
  currency text NOT NULL,
  -- our own account
  debtor jsonb NOT NULL,
  payment_count int NOT NULL CHECK (payment_count > 0),
  total_minor bigint NOT NULL CHECK (total_minor > 0),
  -- of the content, which is made anew from what is stored sealed
  sha256 bytea NOT NULL,
  sealed_by jsonb NOT NULL,
  sealed_at timestamptz NOT NULL
);
CREATE INDEX ON payout_files (market_id, id);

CREATE TABLE bank_payments (
  -- the payout's key
  key text PRIMARY KEY,
  party text NOT NULL,
  period text NOT NULL,
  amount_minor bigint NOT NULL CHECK (amount_minor > 0),
  destination text NOT NULL,
  file_id text REFERENCES payout_files,
  status text NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'filed', 'paid', 'returned')),
  decided_by jsonb,
  decided_at timestamptz,
  FOREIGN KEY (party, period) REFERENCES payouts,
  CHECK ((status = 'queued') = (file_id IS NULL))
);
CREATE INDEX bank_payments_queued ON bank_payments (key) WHERE file_id IS NULL;
CREATE INDEX ON bank_payments (file_id);
CREATE INDEX ON bank_payments (party, period);

CREATE FUNCTION payout_file_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a payout file is sealed: % refused', TG_OP USING ERRCODE = 'WB003';
END $$;
CREATE TRIGGER payout_file_sealed BEFORE UPDATE OR DELETE ON payout_files
  FOR EACH ROW EXECUTE FUNCTION payout_file_refuse_change();
CREATE TRIGGER bank_payment_sealed BEFORE UPDATE OF key, party, period, amount_minor, destination, file_id ON bank_payments
  FOR EACH ROW WHEN (OLD.file_id IS NOT NULL) EXECUTE FUNCTION payout_file_refuse_change();
