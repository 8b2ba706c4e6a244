-- The data files of one snapshot of an Iceberg table: path, bytes.
SELECT
    file_path,
    file_size_in_bytes
FROM {catalog}.{schema}."{table}$files@{snapshot}"
ORDER BY file_path
