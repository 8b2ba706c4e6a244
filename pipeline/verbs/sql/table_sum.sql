-- How many rows a table has, and a checksum of all their columns that does not depend on the rows' order.
SELECT
    count(*) AS row_count,
    checksum(ROW({row})) AS row_sum
FROM {table}
