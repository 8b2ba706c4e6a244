-- The last price that each source has of each coin on each UTC day.
-- ?: the coins, an array of CoinGecko ids.
SELECT coin,
       source,
       "date" AS day,
       max_by(price_usd, event_time) AS price_usd,
       max(event_time) AS observed_at
FROM hive.crypto.coin_data
WHERE contains(?, coin)
GROUP BY coin, source, "date"
ORDER BY coin, source, day
