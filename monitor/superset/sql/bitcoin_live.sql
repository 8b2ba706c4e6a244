-- The last 24 hours of each product's data, whenever those were: a row a minute, without prices where none is known.
-- Simulated candles are a product of their own, so that they never hide or continue a market's.
WITH RECURSIVE products AS (
  -- The products one by one from the index: a GROUP BY would read all minutes at each refresh.
  (SELECT product_id FROM bitcoin_gold_data ORDER BY product_id LIMIT 1)
  UNION ALL
  SELECT (SELECT g.product_id FROM bitcoin_gold_data g WHERE g.product_id > p.product_id ORDER BY g.product_id LIMIT 1)
  FROM products p WHERE p.product_id IS NOT NULL
),
newest AS (
  SELECT p.product_id, p.product_id AS product, 'market' AS market, n.minute FROM products p CROSS JOIN LATERAL (
    SELECT g.minute FROM bitcoin_gold_data g
    WHERE g.product_id = p.product_id AND g.source <> 'simulator' ORDER BY g.minute DESC LIMIT 1
  ) n
  UNION ALL
  SELECT p.product_id, p.product_id || ' (simulated)', 'SIMULATED', n.minute FROM products p CROSS JOIN LATERAL (
    SELECT g.minute FROM bitcoin_gold_data g
    WHERE g.product_id = p.product_id AND g.source = 'simulator' ORDER BY g.minute DESC LIMIT 1
  ) n
),
candles AS (
  SELECT g.*, n.product, n.market, n.minute - interval '24 hours' AS since FROM newest n
  JOIN bitcoin_gold_data g ON g.product_id = n.product_id AND g.minute > n.minute - interval '24 hours'
    AND g.minute <= n.minute AND (g.source = 'simulator') = (n.market = 'SIMULATED')
)
SELECT product, minute, open, high, low, close, volume, ma_5, ma_10, ma_30, volatility_5, volatility_10, volatility_30,
  source, market, CASE market WHEN 'SIMULATED' THEN 0 END AS simulated, NULL AS quiet, NULL AS lost, NULL AS unknown
FROM candles
UNION ALL
SELECT product, m.minute, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
  source, market, NULL,
  CASE WHEN missing_state = 'quiet' THEN 1 END, CASE WHEN missing_state = 'lost' THEN 1 END,
  CASE WHEN missing_state = 'unknown' THEN 1 END
FROM candles c CROSS JOIN LATERAL generate_series(
  greatest(c.minute - c.missing_before * interval '1 minute', c.since + interval '1 minute'),
  c.minute - interval '1 minute', interval '1 minute'
) AS m(minute)
WHERE c.missing_before > 0
