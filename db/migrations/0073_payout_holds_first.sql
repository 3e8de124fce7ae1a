-- Support can keep a party's payouts back before it has an account.
ALTER TABLE payout_accounts ALTER COLUMN rail DROP NOT NULL, ALTER COLUMN destination DROP NOT NULL;
ALTER TABLE payout_accounts ADD CHECK ((rail IS NULL) = (destination IS NULL));
