-- The current snapshot of an Iceberg table, none before the first.
SELECT snapshot_id
FROM {schema}."{table}$snapshots"
ORDER BY committed_at DESC
LIMIT 1
