-- The last two days of coverage by hour; hours in seconds since 1970.
SELECT source, product_id, CAST(to_unixtime(hour) AS bigint) AS hour_s, received, filled, missing
FROM iceberg.ops.coverage
WHERE hour >= date_trunc('hour', localtimestamp) - INTERVAL '47' HOUR
ORDER BY product_id, source, hour
