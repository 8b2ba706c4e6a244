-- Volume by price level: how much of a product was traded at which price, from all its trades. The span from the lowest to
-- the highest price is cut into levels of the same height, and a level without a trade has no row. Prices are in the quote
-- currency, volume is in the base currency, times are UTC.
-- ? 'BTC-USD'  the product
-- ? 24  how many hours back
-- ? 40  into how many levels the prices are cut
WITH recent AS (
    SELECT source, product_id, CAST(price AS double) AS price, size, trade_time
    FROM iceberg.silver.fact_crypto_trades
    WHERE product_id = ?
      AND trade_time >= localtimestamp - INTERVAL '1' HOUR * ?
), asked AS (
    SELECT CAST(? AS integer) AS levels
), spans AS (
    SELECT source, min(price) AS lowest, max(price) - min(price) AS span
    FROM recent
    GROUP BY source
), placed AS (
    SELECT recent.source,
           product_id,
           lowest,
           span / levels AS height,
           CASE
               WHEN span = 0 THEN 0
               ELSE least(CAST(floor((price - lowest) / span * levels) AS integer), levels - 1)
           END AS level,
           size,
           trade_time
    FROM recent
    JOIN spans ON spans.source = recent.source
    CROSS JOIN asked
)
SELECT source,
       product_id,
       level,
       lowest + level * height AS price_from,
       lowest + (level + 1) * height AS price_to,
       sum(size) AS volume,
       count(*) AS trades,
       min(trade_time) AS first_trade,
       max(trade_time) AS last_trade
FROM placed
GROUP BY source, product_id, level, lowest, height
ORDER BY source, level;
