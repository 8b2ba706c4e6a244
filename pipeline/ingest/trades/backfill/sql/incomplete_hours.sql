-- The hours in which trades of a source are missing, by product; then each product's newest hour, whatever it lacks.
SELECT product_id, hour, missing
FROM iceberg.ops.coverage
WHERE source = ? AND missing > 0
UNION ALL
SELECT product_id, max(hour), 0
FROM iceberg.ops.coverage
WHERE source = ?
GROUP BY product_id
ORDER BY 1, 2
