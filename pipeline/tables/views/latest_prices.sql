-- The newest price of each coin, whatever its source. Silver has every digit and every price.
SELECT coin,
       CAST(max_by(price_usd, event_time) AS decimal(38, 10)) AS price_usd,
       CAST(max_by(market_cap_usd, event_time) AS decimal(38, 2)) AS market_cap_usd,
       CAST(max_by(volume_usd, event_time) AS decimal(38, 2)) AS volume_usd,
       max_by(source, event_time) AS source,
       max(event_time) AS event_time
FROM iceberg.silver.coin_prices
GROUP BY coin
