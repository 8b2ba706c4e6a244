-- The rolling hour of each product, minute by minute: mean, extremes, VWAP, and how far the mean moved within an hour,
-- in per cent. move_pct is null where the hour before had no trades. Times are UTC; the newest hour is still filling.
-- ? 24  how many hours back
SELECT now.source,
       now.product_id,
       now.window_end,
       now.avg_price,
       now.min_price,
       now.max_price,
       now.vwap,
       now.volume,
       now.trades,
       100 * (CAST(now.avg_price AS double) / CAST(before.avg_price AS double) - 1) AS move_pct
FROM iceberg.gold.dm_crypto_price_stats AS now
LEFT JOIN iceberg.gold.dm_crypto_price_stats AS before
    ON before.source = now.source AND before.product_id = now.product_id AND before.window_end = now.window_start
WHERE now.window_end > localtimestamp - INTERVAL '1' HOUR * ?
ORDER BY now.source, now.product_id, now.window_end;
