-- A refund of which the provider says something else than was asked: why it is not believed, how two persons settle it,
-- and, when they did, what had been asked for.
ALTER TABLE refunds ADD COLUMN doubt text CHECK (doubt IN ('amount_mismatch', 'currency_mismatch'));
ALTER TABLE refunds ADD COLUMN settlement jsonb;
ALTER TABLE refunds ADD COLUMN asked_minor bigint CHECK (asked_minor > 0);
ALTER TABLE refunds ADD CONSTRAINT refunds_settled_by_two CHECK
  (settlement->'approvedBy' IS NULL OR settlement->'approvedBy'->>'id' IS DISTINCT FROM settlement->'by'->>'id');
