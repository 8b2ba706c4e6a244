-- The coins that the lake is set up for, and those that it has prices of.
SELECT coin
FROM iceberg.gold.coins
WHERE coin IS NOT NULL
UNION DISTINCT
SELECT coin
FROM iceberg.silver.coin_prices
ORDER BY 1;
