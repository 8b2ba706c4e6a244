-- An Iceberg table's current snapshot, and how many of its files only list deleted rows.
SELECT
    snapshot_id,
    coalesce(CAST(element_at(summary, 'total-delete-files') AS bigint), 0) AS delete_files
FROM {catalog}.{schema}."{table}$snapshots"
ORDER BY committed_at DESC
LIMIT 1
