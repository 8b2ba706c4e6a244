-- Rows, the newest time stamp (UTC, ms since 1970) and data files of an Iceberg table.
SELECT t.row_count, t.newest_ms, f.data_files
FROM (SELECT count(*) AS row_count, CAST(to_unixtime(max({time_column})) * 1000 AS bigint) AS newest_ms FROM {table}) t
CROSS JOIN (SELECT count(*) AS data_files FROM {files_table}) f
