-- concurrently
-- The provider's news about refunds name the payment.
CREATE INDEX CONCURRENTLY IF NOT EXISTS refunds_by_payment ON refunds (provider_ref);
CREATE INDEX CONCURRENTLY IF NOT EXISTS withdrawal_parts_by_payment ON withdrawal_parts (provider_ref);
