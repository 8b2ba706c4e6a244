-- The products that the lake is set up for, and those that it has candles of.
SELECT product_id
FROM iceberg.gold.coins
WHERE product_id IS NOT NULL
UNION DISTINCT
SELECT product_id
FROM iceberg.silver.candles_1m
ORDER BY 1;
