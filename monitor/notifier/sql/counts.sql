SELECT state, count(*) AS number FROM deliveries GROUP BY state
