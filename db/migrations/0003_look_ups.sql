-- Look-ups of the API that had no index: a timeline's webhooks, an order by its merchant's id for the platform, what
-- is open for a person to look at.

CREATE INDEX ON provider_webhooks (order_id) WHERE order_id IS NOT NULL;
CREATE INDEX orders_by_external_id ON orders (external_id) WHERE external_id IS NOT NULL;
CREATE INDEX incidents_open ON incidents (key) WHERE resolved_at IS NULL;
