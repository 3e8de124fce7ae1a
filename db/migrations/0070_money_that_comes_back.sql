-- Banks send back what they had confirmed. From when on it was with the customer.
ALTER TABLE refunds ADD COLUMN refunded_at timestamptz;
ALTER TABLE withdrawal_parts ADD COLUMN refunded_at timestamptz;
UPDATE refunds SET refunded_at = finished_at WHERE status = 'refunded';
UPDATE withdrawal_parts SET refunded_at = first_sent_at WHERE status = 'refunded';
