-- How many observations of a coin that came from CSV files each of the two tables shows.
SELECT
    (SELECT count(*) FROM iceberg.silver.coin_prices WHERE coin = ? AND source LIKE 'csv%') AS silver_rows,
    (SELECT count(*) FROM hive.crypto.coin_data WHERE coin = ? AND source LIKE 'csv%') AS hive_rows
