-- The newest hour of statistics of each product; two hours back, so that few files are read.
SELECT product_id,
       max_by(source, window_end) AS source,
       CAST(to_unixtime(max(window_end)) * 1000 AS bigint) AS window_end_ms,
       max_by(avg_price, window_end) AS avg_price,
       max_by(min_price, window_end) AS min_price,
       max_by(max_price, window_end) AS max_price,
       max_by(volume, window_end) AS volume,
       max_by(trades, window_end) AS trades
FROM iceberg.gold.dm_crypto_price_stats
WHERE window_end >= localtimestamp - INTERVAL '2' HOUR
GROUP BY product_id
