-- How complete the trades are, for each source and product: the first thing to read, before any other figure is believed.
-- missing is the number of trades that the exchange made and the lake does not have; 0 proves that there is none.
-- incomplete_hours says in how many hours they are, last_incomplete_hour which is the newest (UTC).
SELECT source,
       product_id,
       sum(expected) AS expected,
       sum(received) AS received,
       sum(filled) AS filled,
       sum(missing) AS missing,
       count(*) AS hours,
       count_if(missing > 0) AS incomplete_hours,
       max(CASE WHEN missing > 0 THEN hour END) AS last_incomplete_hour,
       min(hour) AS first_hour,
       max(hour) AS last_hour,
       max_by(last_trade_id, hour) AS last_trade_id
FROM iceberg.ops.coverage
GROUP BY source, product_id
ORDER BY missing DESC, source, product_id;
