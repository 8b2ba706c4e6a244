SELECT * FROM deliveries WHERE :all OR state IN ('pending', 'retry', 'sending', 'dead') ORDER BY number DESC LIMIT :limit
