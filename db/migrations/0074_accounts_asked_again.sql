-- What makes an account fit for payouts is more than it was: the housekeeping asks about each once more.
UPDATE payout_accounts SET verified = false WHERE rail = 'stripe';
