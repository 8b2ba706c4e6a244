UPDATE deliveries SET state = 'dead', error = ?, changed_at = ?
WHERE channel = ? AND state IN ('pending', 'retry', 'sending')
