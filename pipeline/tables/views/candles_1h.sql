-- Candles of one hour (UTC) from those of one minute. An hour without a trade has no row; the newest one is still filling.
-- Prices and turnover are in the quote currency, volume in the base currency; minutes says in how many was traded.
SELECT source,
       product_id,
       date_trunc('hour', minute) AS hour,
       CAST(min_by(open, minute) AS decimal(38, 10)) AS open,
       CAST(max(high) AS decimal(38, 10)) AS high,
       CAST(min(low) AS decimal(38, 10)) AS low,
       CAST(max_by(close, minute) AS decimal(38, 10)) AS close,
       CAST(sum(volume) AS decimal(38, 8)) AS volume,
       CAST(sum(turnover) AS decimal(38, 2)) AS turnover,
       sum(trades) AS trades,
       count(*) AS minutes
FROM iceberg.silver.candles_1m
GROUP BY 1, 2, 3
