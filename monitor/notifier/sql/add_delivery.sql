INSERT INTO deliveries (event_key, channel, kind, subject, body, event_at, created_at, state, next_at, changed_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (event_key, channel) DO NOTHING
