-- One-minute candles of a product, the oldest first: prices and turnover in the quote currency, volume in the base
-- currency. A minute without a trade has no row; the newest minute is still filling. Times are UTC.
-- ? 'BTC-USD'  the product
-- ? 2  how many hours back
SELECT source,
       product_id,
       minute,
       open,
       high,
       low,
       close,
       volume,
       turnover,
       trades,
       filled
FROM iceberg.silver.candles_1m
WHERE product_id = ?
  AND minute >= localtimestamp - INTERVAL '1' HOUR * ?
ORDER BY source, minute;
