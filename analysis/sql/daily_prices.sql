-- The close of each UTC day of some coins, one row a day, from the source that the view iceberg.gold.daily_prices chose.
-- ? ARRAY['bitcoin','ethereum']  the coins, an array of CoinGecko ids
SELECT coin, day, price_usd, source, held_at
FROM iceberg.gold.daily_prices
WHERE contains(?, coin)
ORDER BY coin, day;
