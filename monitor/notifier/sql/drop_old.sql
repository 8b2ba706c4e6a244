DELETE FROM deliveries WHERE changed_at < ? AND state NOT IN ('pending', 'retry', 'sending')
