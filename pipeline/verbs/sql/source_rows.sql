-- What silver holds of each source and coin.
SELECT source, coin, count(*) AS row_count, min(event_time) AS first_time, max(event_time) AS last_time
FROM iceberg.silver.coin_prices
GROUP BY source, coin
ORDER BY source, coin
