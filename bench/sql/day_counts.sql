SELECT count(*) AS n, count(DISTINCT trade_id) AS ids FROM iceberg.bench.trades_of_a_day
