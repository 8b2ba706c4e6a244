-- Each coin's return in each calendar year, in per cent: the last close of the year over the last close of the year before.
-- is_partial marks a coin's first or last year where it does not reach from January to December; close is in USD.
SELECT coin, year, return_pct, is_partial, close, source
FROM iceberg.gold.yearly_returns
ORDER BY coin, year;
