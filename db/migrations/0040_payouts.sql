-- Payouts of merchants and drivers. The row is the state of the workflow `payout:<party>:<period>`; every step of it is
-- one transaction with its postings.

ALTER TABLE ledger_entries DROP CONSTRAINT ledger_entries_account;
ALTER TABLE ledger_entries ADD CONSTRAINT ledger_entries_account CHECK (account IN (
  'customer', 'merchant', 'driver', 'platform', 'tax', 'tips', 'provider_clearing', 'provider_fees',
  'refunds_in_transit', 'payouts_in_transit', 'disputes', 'receivable', 'bad_debt', 'rounding', 'fx', 'cash_in_hand',
  'cash_desk', 'channel_clearing', 'wallet',
  'promotions', 'partner_payable', 'unidentified_receipts'));

ALTER TABLE markets
  ADD COLUMN payout_every text NOT NULL DEFAULT 'never' CHECK (payout_every IN ('day', 'week', 'never')),
  ADD COLUMN payout_minimum_minor bigint NOT NULL DEFAULT 0 CHECK (payout_minimum_minor >= 0),
  ADD COLUMN payout_rails text[] NOT NULL DEFAULT '{stripe}';

-- Where a party's money goes, and whether it may go now.
CREATE TABLE payout_accounts (
  party text PRIMARY KEY,
  rail text NOT NULL CHECK (rail IN ('stripe', 'campay', 'noupay', 'bank')),
  -- the provider's name for it, or a reference to what is stored sealed; never a number of a bank account or phone
  destination text NOT NULL,
  verified boolean NOT NULL DEFAULT false,
  held_by jsonb,
  changed_at timestamptz NOT NULL
);
CREATE INDEX ON payout_accounts (destination);

CREATE TABLE payouts (
  party text NOT NULL,
  -- named after the day at whose beginning it ends, or `instant-…`
  period text NOT NULL CHECK (period ~ '^[a-z0-9-]{1,60}$'),
  id text NOT NULL UNIQUE,
  kind text NOT NULL CHECK (kind IN ('merchant', 'driver')),
  market_id text NOT NULL REFERENCES markets,
  currency text NOT NULL,
  -- earned before this
  ends_at timestamptz NOT NULL,
  instant boolean NOT NULL,
  status text NOT NULL CHECK (status IN
    ('requested', 'held', 'sending', 'in_transit', 'paid', 'failed', 'skipped')),
  code text,
  -- fixed with the intent
  amount_minor bigint CHECK (amount_minor > 0),
  rail text,
  destination text,
  provider_ref text,
  attempt int NOT NULL DEFAULT 0,
  requested_by jsonb NOT NULL,
  created_at timestamptz NOT NULL,
  first_sent_at timestamptz,
  paid_at timestamptz,
  finished_at timestamptz,
  PRIMARY KEY (party, period),
  CHECK (status NOT IN ('sending', 'in_transit', 'paid', 'failed')
    OR amount_minor IS NOT NULL AND rail IS NOT NULL AND destination IS NOT NULL)
);
CREATE INDEX payouts_open ON payouts (created_at) WHERE finished_at IS NULL;
CREATE INDEX ON payouts (party, id);
CREATE INDEX ON payouts (market_id, id);
