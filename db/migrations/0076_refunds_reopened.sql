-- Since when a refund that may have come back is looked at once more: silence counts from then on.
ALTER TABLE refunds ADD COLUMN reopened_at timestamptz;
ALTER TABLE withdrawals ADD COLUMN reopened_at timestamptz;
