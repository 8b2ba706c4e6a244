-- How many observations of some coins each of the two price tables shows.
SELECT
    (SELECT count(*) FROM iceberg.silver.coin_prices WHERE contains(?, coin)) AS silver_rows,
    (SELECT count(*) FROM hive.crypto.coin_data WHERE contains(?, coin)) AS hive_rows
