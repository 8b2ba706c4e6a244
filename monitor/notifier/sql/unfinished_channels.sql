SELECT DISTINCT channel FROM deliveries WHERE state IN ('pending', 'retry', 'sending')
