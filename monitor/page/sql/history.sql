-- The daily closes of a coin.
-- ? 'bitcoin'  the coin, a CoinGecko id
SELECT day, CAST(price_usd AS double) AS price_usd, source
FROM iceberg.gold.daily_prices
WHERE coin = ?
ORDER BY day
