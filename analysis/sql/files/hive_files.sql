-- The files of a plain Hive table that have rows: path, bytes.
SELECT DISTINCT
    "$path" AS file_path,
    "$file_size" AS file_size
FROM {catalog}.{schema}.{table}
ORDER BY 1
