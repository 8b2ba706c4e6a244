-- How fresh the trades are, for each source and channel: quantiles of the milliseconds from the trade to its receipt
-- (feed), from there to Kafka (queue), and both together (total). rest is the channel of trades fetched afterwards: they
-- are late by nature. newest_age_ms is how long ago the newest trade in the table was made.
-- ? 1  how many hours back
WITH delays AS (
    SELECT source,
           channel,
           trade_time,
           date_diff('millisecond', trade_time, received_at) AS feed,
           date_diff('millisecond', received_at, ingested_at) AS queue,
           date_diff('millisecond', trade_time, ingested_at) AS total
    FROM iceberg.silver.fact_crypto_trades
    WHERE trade_time >= localtimestamp - INTERVAL '1' HOUR * ?
)
SELECT source,
       channel,
       count(*) AS trades,
       max(trade_time) AS newest_trade,
       date_diff('millisecond', max(trade_time), localtimestamp) AS newest_age_ms,
       approx_percentile(feed, 0.5) AS feed_p50,
       approx_percentile(feed, 0.9) AS feed_p90,
       approx_percentile(feed, 0.99) AS feed_p99,
       max(feed) AS feed_max,
       approx_percentile(queue, 0.5) AS queue_p50,
       approx_percentile(queue, 0.9) AS queue_p90,
       approx_percentile(queue, 0.99) AS queue_p99,
       max(queue) AS queue_max,
       approx_percentile(total, 0.5) AS total_p50,
       approx_percentile(total, 0.9) AS total_p90,
       approx_percentile(total, 0.99) AS total_p99,
       max(total) AS total_max
FROM delays
GROUP BY source, channel
ORDER BY source, channel;
