SELECT count(*) AS n, count(DISTINCT trade_id) AS ids FROM {table}
