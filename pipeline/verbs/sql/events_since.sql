-- The keys of what has become visible of the polled events.
SELECT coin, CAST(to_unixtime(event_time) * 1000 AS bigint) AS event_time_ms, source
FROM iceberg.silver.coin_prices
WHERE event_time >= CAST(? AS timestamp)
