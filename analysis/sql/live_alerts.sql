-- Sudden moves of a price, the newest first. delay_ms is the time from the trade that crossed the threshold to the alert.
-- ? 24  how many hours back
SELECT triggered_at,
       alert_type,
       source,
       product_id,
       move_pct,
       window_s,
       reference_price,
       reference_time,
       price,
       date_diff('millisecond', triggered_at, detected_at) AS delay_ms,
       alert_id
FROM iceberg.gold.dm_market_alerts
WHERE triggered_at >= localtimestamp - INTERVAL '1' HOUR * ?
ORDER BY triggered_at DESC;
