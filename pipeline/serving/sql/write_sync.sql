INSERT INTO coinlake_sync (name, table_id, revision, synced_at)
VALUES (%s, %s, %s, now())
ON CONFLICT (name) DO UPDATE
SET table_id = excluded.table_id, revision = excluded.revision, synced_at = excluded.synced_at
