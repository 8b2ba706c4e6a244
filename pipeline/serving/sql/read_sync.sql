SELECT table_id, revision FROM coinlake_sync WHERE name = %s
