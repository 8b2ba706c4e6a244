-- What was traded of each asset: volume in the asset itself, turnover in the quote currency, largest turnover first.
-- ? 24  how many hours back
SELECT source,
       split_part(product_id, '-', 1) AS asset,
       split_part(product_id, '-', 2) AS quote,
       sum(volume) AS volume,
       sum(turnover) AS turnover,
       sum(trades) AS trades,
       max_by(close, minute) AS last_price
FROM iceberg.silver.candles_1m
WHERE minute >= localtimestamp - INTERVAL '1' HOUR * ?
GROUP BY 1, 2, 3
ORDER BY turnover DESC;
