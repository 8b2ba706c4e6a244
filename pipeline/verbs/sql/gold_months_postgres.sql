-- The same as gold_months.sql, for PostgreSQL.
SELECT product_id, month, count(*), sum(revision),
  sum(open), sum(high), sum(low), sum(close), sum(volume),
  sum(('x' || encode(float8send(coalesce(ma_5, 0)), 'hex'))::bit(64)::bigint::numeric * weight),
  sum(('x' || encode(float8send(coalesce(ma_10, 0)), 'hex'))::bit(64)::bigint::numeric * weight),
  sum(('x' || encode(float8send(coalesce(ma_30, 0)), 'hex'))::bit(64)::bigint::numeric * weight),
  sum(('x' || encode(float8send(coalesce(volatility_5, 0)), 'hex'))::bit(64)::bigint::numeric * weight),
  sum(('x' || encode(float8send(coalesce(volatility_10, 0)), 'hex'))::bit(64)::bigint::numeric * weight),
  sum(('x' || encode(float8send(coalesce(volatility_30, 0)), 'hex'))::bit(64)::bigint::numeric * weight)
FROM (
  SELECT *, to_char(minute, 'YYYY-MM') AS month,
    (extract(epoch FROM minute) / 60)::bigint % 997 + 1 AS weight
  FROM bitcoin_gold_data
) AS weighted
GROUP BY product_id, month
