-- A driver whose shift is still to begin counts from then on.
ALTER TABLE drivers ADD COLUMN shift_starts_at timestamptz;
