-- concurrently
-- Support names a dispute by the provider's name for it alone.
CREATE INDEX CONCURRENTLY IF NOT EXISTS disputes_by_ref ON disputes (dispute_ref);
