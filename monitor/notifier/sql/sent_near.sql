SELECT 1 FROM deliveries
WHERE subject = ? AND event_key != ? AND event_at > ? AND event_at < ? AND state NOT IN ('muted', 'cooled', 'stale')
LIMIT 1
