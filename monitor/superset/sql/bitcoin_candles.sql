-- The same 24 hours as candles of 5 minutes, each cut into the parts that a stacked bar is made of.
SELECT product, minute, low, least(open, close) - low AS lower_wick,
  greatest(close - open, 0) AS rise, greatest(open - close, 0) AS fall, high - greatest(open, close) AS upper_wick,
  open, high, close, volume, quiet, lost, unknown, simulated
FROM (
  SELECT product, date_bin('5 minutes', minute, timestamp '2000-01-01') AS minute,
    (array_agg(open ORDER BY minute) FILTER (WHERE open IS NOT NULL))[1] AS open, max(high) AS high, min(low) AS low,
    (array_agg(close ORDER BY minute DESC) FILTER (WHERE close IS NOT NULL))[1] AS close, sum(volume) AS volume,
    sum(quiet) AS quiet, sum(lost) AS lost, sum(unknown) AS unknown, max(simulated) AS simulated
  FROM ({% include "sql/bitcoin_live.sql" %}) AS minutes
  GROUP BY 1, 2
) AS candles
