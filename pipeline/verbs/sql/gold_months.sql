-- Gold by product and month: rows, and exact sums; of floating point numbers their bits, weighted by the minute.
SELECT product_id, month, count(*), sum(revision),
  sum(open), sum(high), sum(low), sum(close), sum(volume),
  sum(CAST(from_big_endian_64(to_ieee754_64(coalesce(ma_5, 0e0))) AS decimal(20, 0)) * weight),
  sum(CAST(from_big_endian_64(to_ieee754_64(coalesce(ma_10, 0e0))) AS decimal(20, 0)) * weight),
  sum(CAST(from_big_endian_64(to_ieee754_64(coalesce(ma_30, 0e0))) AS decimal(20, 0)) * weight),
  sum(CAST(from_big_endian_64(to_ieee754_64(coalesce(volatility_5, 0e0))) AS decimal(20, 0)) * weight),
  sum(CAST(from_big_endian_64(to_ieee754_64(coalesce(volatility_10, 0e0))) AS decimal(20, 0)) * weight),
  sum(CAST(from_big_endian_64(to_ieee754_64(coalesce(volatility_30, 0e0))) AS decimal(20, 0)) * weight)
FROM (
  SELECT *, date_format(minute, '%Y-%m') AS month,
    CAST(date_diff('minute', TIMESTAMP '1970-01-01 00:00:00', minute) % 997 + 1 AS decimal(4, 0)) AS weight
  FROM iceberg.gold.bitcoin_gold_data
)
GROUP BY product_id, month
