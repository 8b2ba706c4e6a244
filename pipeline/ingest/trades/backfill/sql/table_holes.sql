-- The holes in the ids of one product's trades within a stretch of time: first and last missing id, in order.
-- Parameters: source, product, start, end; source, product, start; an id beyond the table's (or null) and its time.
-- As in ops.coverage, a reset id sequence and a wild id are not holes: the next higher id was traded earlier, or
-- more ids are missing than the market can have traded in between.
WITH known AS (
    SELECT trade_id, trade_time
    FROM iceberg.silver.fact_crypto_trades
    WHERE source = ? AND product_id = ? AND trade_time >= CAST(? AS timestamp) AND trade_time < CAST(? AS timestamp)
    UNION ALL
    SELECT max_by(last_trade_id, hour), max(hour)  -- what the stretch's first trade is measured against
    FROM iceberg.ops.coverage
    WHERE source = ? AND product_id = ? AND hour < CAST(? AS timestamp)
    UNION ALL
    SELECT CAST(? AS bigint), CAST(? AS timestamp)
),
steps AS (
    SELECT trade_id,
           trade_time,
           lag(trade_id) OVER (ORDER BY trade_id) AS below,
           lag(trade_time) OVER (ORDER BY trade_id) AS below_time
    FROM known
    WHERE trade_id IS NOT NULL
)
SELECT below + 1, trade_id - 1
FROM steps
WHERE trade_id - below > 1
  AND trade_time >= below_time - INTERVAL '1' MINUTE
  AND trade_id - below - 1 <= (greatest(date_diff('minute', below_time, trade_time), 0) + 1) * 1000000
ORDER BY 1
