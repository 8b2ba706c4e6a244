-- What the lake holds, for each table, coin and source: how many observations, from when to when (UTC).
SELECT 'iceberg.silver.coin_prices' AS "table",
       coin,
       source,
       count(*) AS row_count,
       min(event_time) AS first_time,
       max(event_time) AS last_time
FROM iceberg.silver.coin_prices
GROUP BY coin, source
UNION ALL
SELECT 'hive.crypto.coin_data',
       coin,
       source,
       count(*),
       min(event_time),
       max(event_time)
FROM hive.crypto.coin_data
GROUP BY coin, source
ORDER BY 1 DESC, 2, 3;
