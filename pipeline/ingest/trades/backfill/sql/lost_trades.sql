-- The gaps of a product in which trades were given up: first and last id, and how many of them.
SELECT from_id, to_id, lost
FROM iceberg.ops.gaps
WHERE source = ? AND product_id = ? AND status = 'lost'
