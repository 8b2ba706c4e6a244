SELECT * FROM deliveries WHERE event_key = ?
