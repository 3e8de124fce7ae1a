-- concurrently
-- The housekeeping looks for payouts that ended as paid while their bank payment came back.
CREATE INDEX CONCURRENTLY IF NOT EXISTS bank_payments_returned ON bank_payments (party, period) WHERE status = 'returned';
