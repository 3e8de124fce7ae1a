-- When a driver last took goods at a counter or gave them at a door: the way back to the vehicle begins there.

ALTER TABLE drivers ADD COLUMN served_at timestamptz;
