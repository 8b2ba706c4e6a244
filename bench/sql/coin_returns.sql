-- gold.coin_daily's closes and gold.coin_returns in DuckDB, from the view `prices`, which has one source.
WITH moments AS (
    SELECT *, CAST(event_time AS date) AS day FROM prices WHERE price_usd > 0
    UNION ALL
    SELECT *, CAST(event_time AS date) - 1 FROM prices
    WHERE price_usd > 0 AND event_time = date_trunc('day', event_time)
),

daily AS (
    SELECT
        coin,
        day,
        max_by(price_usd, event_time) AS close,
        source,
        max(event_time) AS held_at
    FROM moments
    GROUP BY coin, day, source
    HAVING max(event_time) > CAST(day AS timestamp)
),

numbered AS (
    SELECT
        *,
        day - DATE '1970-01-01' AS n,
        CAST(close AS double) AS price
    FROM daily
),

changes AS (
    SELECT
        *,
        n - min(n) OVER coin AS age,
        ln(price / first(price) OVER (PARTITION BY coin ORDER BY n RANGE BETWEEN 1 PRECEDING AND 1 PRECEDING)) AS log_return,
        price - lag(price) OVER series AS change,
        row_number() OVER series - 1 AS i,
        count(*) OVER coin / 2 AS middle,
        max(price) OVER series AS highest
    FROM numbered
    WINDOW coin AS (PARTITION BY coin), series AS (PARTITION BY coin ORDER BY n)
),

parts AS (
    SELECT
        *,
        pow(13.0::double / 14, i - middle) AS scale,
        CASE
            WHEN i = 14 THEN avg(greatest(change, 0)) OVER (PARTITION BY coin ORDER BY n ROWS 13 PRECEDING)
            WHEN i > 14 THEN greatest(change, 0) / 14
        END AS gain_part,
        CASE
            WHEN i = 14 THEN avg(greatest(-change, 0)) OVER (PARTITION BY coin ORDER BY n ROWS 13 PRECEDING)
            WHEN i > 14 THEN greatest(-change, 0) / 14
        END AS loss_part,
        max(CASE WHEN price = highest THEN n END) OVER (PARTITION BY coin ORDER BY n) AS high_day
    FROM changes
),

averages AS (
    SELECT
        *,
        sum(gain_part / scale) OVER series * scale AS gain,
        sum(loss_part / scale) OVER series * scale AS loss
    FROM parts
    WINDOW series AS (PARTITION BY coin ORDER BY n)
)

SELECT
    coin,
    day,
    close,
    (price / first(price) OVER (series RANGE BETWEEN 1 PRECEDING AND 1 PRECEDING) - 1) * 100 AS return_1d_pct,
    (price / first(price) OVER (series RANGE BETWEEN 7 PRECEDING AND 7 PRECEDING) - 1) * 100 AS return_7d_pct,
    (price / first(price) OVER (series RANGE BETWEEN 30 PRECEDING AND 30 PRECEDING) - 1) * 100 AS return_30d_pct,
    (price / first(price) OVER (series RANGE BETWEEN 90 PRECEDING AND 90 PRECEDING) - 1) * 100 AS return_90d_pct,
    (price / first(price) OVER (series RANGE BETWEEN 365 PRECEDING AND 365 PRECEDING) - 1) * 100 AS return_365d_pct,
    (price / first(price) OVER series - 1) * 100 AS return_since_start_pct,
    CASE
        WHEN age >= 29 AND count(price) OVER (series RANGE 29 PRECEDING) >= 27
            THEN avg(price) OVER (series RANGE 29 PRECEDING)
    END AS ma_30d,
    CASE
        WHEN age >= 199 AND count(price) OVER (series RANGE 199 PRECEDING) >= 180
            THEN avg(price) OVER (series RANGE 199 PRECEDING)
    END AS ma_200d,
    CASE
        WHEN age >= 30 AND count(log_return) OVER (series RANGE 29 PRECEDING) >= 27
            THEN stddev_samp(log_return) OVER (series RANGE 29 PRECEDING) * sqrt(365) * 100
    END AS volatility_30d_pct,
    CASE WHEN i >= 14 THEN coalesce(100 * gain / nullif(gain + loss, 0), 50) END AS rsi_14,
    (price / highest - 1) * 100 AS drawdown_pct,
    CAST(n - high_day AS integer) AS days_under_water,
    source,
    held_at,
    CAST(1 AS bigint) AS revision
FROM averages
WINDOW series AS (PARTITION BY coin ORDER BY n)
