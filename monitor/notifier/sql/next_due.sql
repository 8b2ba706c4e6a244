SELECT min(next_at) AS next_at FROM deliveries WHERE channel = ? AND state IN ('pending', 'retry')
