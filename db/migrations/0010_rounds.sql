-- Dispatch rounds: what each one saw and decided, for explaining it and for planning it again. Kept for some days, by
-- partition. An offer knows its round, keeps the decisions of its own orders, and says in which order to drive.

CREATE TABLE dispatch_rounds (
  id text NOT NULL,
  market_id text NOT NULL,
  at timestamptz NOT NULL,
  -- the code that planned: other code may plan the same input otherwise
  engine text NOT NULL,
  policy_version text NOT NULL,
  input_hash text NOT NULL,
  -- the orders that it looked at, as the UUIDs in their ids
  order_ids uuid[] NOT NULL,
  driver_count int NOT NULL,
  -- JSON, deflated
  input bytea STORAGE EXTERNAL NOT NULL,
  plan bytea STORAGE EXTERNAL NOT NULL,
  PRIMARY KEY (id, at)
) PARTITION BY RANGE (at);
CREATE TABLE dispatch_rounds_default PARTITION OF dispatch_rounds DEFAULT;
CREATE INDEX ON dispatch_rounds (market_id, at);

ALTER TABLE offers
  ADD COLUMN round_id text,
  -- [{kind, orderId}]: what the driver still drives with this offer, committed stops included
  ADD COLUMN route jsonb NOT NULL DEFAULT '[]';

-- Drops what lies before `before` whole, and deletes the rest of it from the default partition.
CREATE FUNCTION drop_partitions_before(parent regclass, before timestamptz)
RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE child record;
BEGIN
  FOR child IN
    SELECT inhrelid::regclass::text AS name,
      (regexp_match(pg_get_expr(relpartbound, oid), 'TO \(''(.+?)''\)'))[1]::timestamptz AS ends
    FROM pg_inherits JOIN pg_class ON oid = inhrelid WHERE inhparent = parent
  LOOP
    IF child.ends <= before THEN
      EXECUTE format('DROP TABLE %s', child.name);
      RETURN NEXT child.name;
    END IF;
  END LOOP;
  EXECUTE format('DELETE FROM %s WHERE at < %L', parent::text || '_default', before);
END $$;
