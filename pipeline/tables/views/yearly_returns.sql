-- Each coin's return a calendar year: the last close of the year over the last close of the year before, in per cent.
-- The first year counts from the coin's first close, and a year that follows one without any price has no return.
-- A partial year does not reach from January to December.
WITH years AS (
    SELECT coin,
           year(day) AS year,
           min(day) AS first_day,
           max(day) AS last_day,
           min_by(close, day) AS first_close,
           max_by(close, day) AS last_close,
           max_by(source, day) AS source
    FROM iceberg.gold.coin_daily
    GROUP BY 1, 2
), joined AS (
    SELECT *,
           lag(year) OVER (PARTITION BY coin ORDER BY year) AS year_before,
           lag(last_close) OVER (PARTITION BY coin ORDER BY year) AS close_before,
           lead(year) OVER (PARTITION BY coin ORDER BY year) AS year_after
    FROM years
)
SELECT coin,
       year,
       (CAST(last_close AS double)
           / CASE
               WHEN year_before IS NULL THEN CAST(first_close AS double)
               WHEN year_before = year - 1 THEN CAST(close_before AS double)
           END - 1) * 100 AS return_pct,
       (year_before IS NULL AND NOT (month(first_day) = 1 AND day(first_day) = 1))
           OR (year_after IS NULL AND NOT (month(last_day) = 12 AND day(last_day) = 31)) AS is_partial,
       last_close AS close,
       source
FROM joined
