-- Realised volatility of a coin's UTC days from its minute candles: the root of the sum of squared log returns over five
-- minutes. A return over a gap is left out, and so is a day without nine tenths of its 288 returns, as today's before it
-- is over. A fraction: 0.03 is 3 % a day.
-- ? 'bitcoin'  the coin, a CoinGecko id
WITH closes AS (
    SELECT gold.product_id,
           date_trunc('hour', minute) + INTERVAL '1' MINUTE * (minute(minute) - minute(minute) % 5) AS five,
           max_by(CAST(close AS double), minute) AS close,
           max_by(gold.source, minute) AS source
    FROM iceberg.gold.bitcoin_gold_data AS gold
    JOIN iceberg.gold.coins AS coins ON coins.product_id = gold.product_id
    WHERE coins.coin = ?
    GROUP BY 1, 2
), moves AS (
    SELECT product_id,
           five,
           source,
           ln(close / lag(close) OVER (PARTITION BY product_id ORDER BY five)) AS move,
           lag(five) OVER (PARTITION BY product_id ORDER BY five) AS before
    FROM closes
)
SELECT product_id,
       CAST(five AS date) AS day,
       sqrt(sum(move * move)) AS realised_volatility,
       count(*) AS returns,
       max_by(source, five) AS source
FROM moves
WHERE before = five - INTERVAL '5' MINUTE
GROUP BY product_id, CAST(five AS date)
HAVING count(*) >= 259
ORDER BY product_id, day;
