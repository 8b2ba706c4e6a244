-- For each source and product: how many trades there are, how many of them were fetched by REST, and what is missing.
WITH held AS (
    SELECT source, product_id, sum(received + filled) AS trades, sum(filled) AS filled, sum(missing) AS missing
    FROM iceberg.ops.coverage
    GROUP BY source, product_id
),
gaps AS (
    SELECT source, product_id, count_if(status = 'open') AS open_gaps, sum(lost) AS lost
    FROM iceberg.ops.gaps
    GROUP BY source, product_id
)
SELECT source,
       product_id,
       coalesce(trades, 0),
       coalesce(filled, 0),
       coalesce(missing, 0),
       coalesce(open_gaps, 0),
       coalesce(lost, 0)
FROM held
FULL JOIN gaps USING (source, product_id)
ORDER BY source, product_id
