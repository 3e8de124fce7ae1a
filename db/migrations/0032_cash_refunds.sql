-- What was paid in cash is given back by hand: owed (payable) until somebody has paid it out and says under which
-- reference, or has given that up.

ALTER TABLE refunds DROP CONSTRAINT refunds_status_check;
ALTER TABLE refunds ADD CONSTRAINT refunds_status_check CHECK (status IN
  ('awaiting_approval', 'requested', 'sending', 'pending', 'payable', 'refunded', 'failed', 'rejected'));
ALTER TABLE refunds ADD COLUMN closed_by jsonb;
ALTER TABLE refunds ADD CONSTRAINT refunds_closed_by_hand CHECK
  (provider <> 'cash' OR status NOT IN ('refunded', 'failed') OR closed_by IS NOT NULL);
