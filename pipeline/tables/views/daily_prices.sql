-- The close of each UTC day: one row for each coin and day, from one source, stated in `source`. What a source's stamps
-- mean, and which source stands for a day, is settled where gold.coin_daily is computed.
SELECT coin,
       day,
       CAST(close AS decimal(38, 10)) AS price_usd,
       source,
       held_at
FROM iceberg.gold.coin_daily
