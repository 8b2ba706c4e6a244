-- The newest alerts of the last 30 days; times in ms since 1970.
SELECT alert_id,
       alert_type,
       source,
       product_id,
       window_s,
       move_pct,
       reference_price,
       price,
       CAST(to_unixtime(triggered_at) * 1000 AS bigint) AS triggered_ms,
       CAST(to_unixtime(detected_at) * 1000 AS bigint) AS detected_ms
FROM iceberg.gold.dm_market_alerts
WHERE triggered_at >= localtimestamp - INTERVAL '30' DAY
ORDER BY triggered_at DESC
LIMIT 20
