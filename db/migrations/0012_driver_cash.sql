-- Whose cash a driver holds, will hold or has kept: what limits the cash offers to them.

CREATE INDEX orders_cash ON orders (driver_id) WHERE payment_status IN ('due', 'collected', 'short');
