-- Rows, the newest time stamp (UTC, ms since 1970) and data files of a Hive table.
SELECT count(*) AS row_count, CAST(to_unixtime(max({time_column})) * 1000 AS bigint) AS newest_ms,
    count(DISTINCT "$path") AS data_files
FROM {table}
