-- The gaps of a product in which trades were given up: first and last id, and how many of them.
SELECT from_id, to_id, to_id - from_id + 1 - filled
FROM iceberg.ops.gaps
WHERE source = ? AND product_id = ? AND status IN ('lost', 'unavailable')
