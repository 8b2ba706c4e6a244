CREATE TABLE IF NOT EXISTS coinlake_sync (
  name text PRIMARY KEY,
  table_id text NOT NULL,
  revision bigint NOT NULL,
  synced_at timestamptz NOT NULL
)
