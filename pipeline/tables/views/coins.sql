-- Which coin is traded as which product: from the settings COINS and COINBASE_PRODUCTS, as they were at the last set-up.
-- A coin without a product has NULL there, and so has a product whose coin is not known.
SELECT coin, symbol, product_id
FROM (VALUES
    {rows}
) AS coins (coin, symbol, product_id)
