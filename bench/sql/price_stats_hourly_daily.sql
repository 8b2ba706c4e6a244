-- gold.price_stats_hourly_daily in DuckDB, from the view `minutes`; half hours first, as Spark does.
WITH half_hours AS (
    SELECT
        product_id,
        time_bucket(INTERVAL 30 MINUTE, minute) AS half,
        sum(CAST(close AS double)) AS price_sum,
        min(low) AS min_price,
        max(high) AS max_price,
        count(*) AS minutes
    FROM minutes
    GROUP BY product_id, half
),

parts AS (
    SELECT *, 'hour' AS window_kind, date_trunc('hour', half) AS window_start FROM half_hours
    UNION ALL
    SELECT *, 'day', date_trunc('day', half) FROM half_hours
    UNION ALL
    SELECT *, 'sliding_hour', half FROM half_hours
    UNION ALL
    SELECT *, 'sliding_hour', half - INTERVAL 30 MINUTE FROM half_hours
)

SELECT
    product_id,
    window_kind,
    window_start,
    window_start + CASE window_kind WHEN 'day' THEN INTERVAL 1 DAY ELSE INTERVAL 1 HOUR END AS window_end,
    sum(price_sum) / sum(minutes) AS avg_price,
    min(min_price) AS min_price,
    max(max_price) AS max_price,
    CAST(sum(minutes) AS bigint) AS minutes
FROM parts
GROUP BY product_id, window_kind, window_start
