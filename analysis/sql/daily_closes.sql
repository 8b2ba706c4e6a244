-- The last price that each source has of each coin on each UTC day. From silver: it has an event about a second after
-- Kafka, while hive.crypto.coin_data follows with the next publishing.
-- ? ARRAY['bitcoin','ethereum']  the coins, an array of CoinGecko ids
SELECT coin,
       source,
       CAST(event_time AS date) AS day,
       max_by(price_usd, event_time) AS price_usd,
       max(event_time) AS observed_at
FROM iceberg.silver.coin_prices
WHERE contains(?, coin)
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3;
