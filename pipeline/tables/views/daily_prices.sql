-- The close of each UTC day: one row for each coin and day, from one source, stated in `source`.
-- Simulated prices never mix with real ones: real ones stand for a coin once they cover 30 days, or as many days as the
-- simulated ones. Of several sources that day's best one stands: first those that reach the day's last hour, else the
-- one that reaches furthest; among equals the market itself before its exports, and these before other markets.
WITH held AS (
    -- When a price held. A daily price is stamped with the day's start, but CoinGecko's daily prices from before
    -- 2018-01-30 are closes under the day's own date.
    SELECT coin,
           source,
           price_usd,
           event_time,
           CASE
               WHEN source IN ('coingecko', 'csv_coingecko')
                   AND event_time < TIMESTAMP '2018-01-30 00:00:00'
                   AND event_time = date_trunc('day', event_time) THEN event_time + INTERVAL '1' DAY
               ELSE event_time
           END AS held_at
    FROM iceberg.silver.coin_prices
    WHERE price_usd > 0
), closes AS (
    -- The price at midnight is the close of the day that ends then. CoinGecko's export has some of its daily prices a few
    -- minutes late.
    SELECT coin,
           source,
           CAST(
               CASE
                   WHEN held_at = date_trunc('day', held_at) THEN held_at - INTERVAL '1' DAY
                   WHEN source = 'csv_coingecko'
                       AND held_at >= TIMESTAMP '2018-01-30 00:00:00'
                       AND held_at < date_trunc('day', held_at) + INTERVAL '10' MINUTE THEN held_at - INTERVAL '1' DAY
                   ELSE held_at
               END AS date
           ) AS day,
           max_by(price_usd, ROW(held_at, event_time)) AS price_usd,
           max(held_at) AS held_at
    FROM held
    GROUP BY 1, 2, 3
), days AS (
    -- Two steps, because Presto prints a warning at each query with count(DISTINCT ...).
    SELECT coin, sum(is_real) AS real_days, sum(is_simulated) AS simulated_days
    FROM (
        SELECT coin,
               day,
               max(CASE WHEN source <> 'simulator' THEN 1 ELSE 0 END) AS is_real,
               max(CASE WHEN source = 'simulator' THEN 1 ELSE 0 END) AS is_simulated
        FROM closes
        GROUP BY coin, day
    ) AS kinds
    GROUP BY coin
), ranked AS (
    SELECT closes.coin,
           closes.day,
           closes.price_usd,
           closes.source,
           closes.held_at,
           row_number() OVER (
               PARTITION BY closes.coin, closes.day
               ORDER BY least(closes.held_at, CAST(closes.day AS timestamp) + INTERVAL '23' HOUR) DESC,
                   CASE closes.source
                       WHEN 'coingecko' THEN 1
                       WHEN 'csv_coingecko' THEN 2
                       WHEN 'coinmetrics' THEN 3
                       WHEN 'coinbase_candles' THEN 4
                       WHEN 'csv_kaggle' THEN 5
                       WHEN 'csv_kaggle_filled' THEN 6
                       ELSE 7
                   END,
                   closes.source
           ) AS place
    FROM closes
    JOIN days ON days.coin = closes.coin
    WHERE (closes.source = 'simulator') = (days.real_days < least(30, days.simulated_days))
)
SELECT coin,
       day,
       CAST(price_usd AS decimal(38, 10)) AS price_usd,
       source,
       held_at
FROM ranked
WHERE place = 1
