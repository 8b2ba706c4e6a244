SELECT count(DISTINCT event_key) AS cooled FROM deliveries
WHERE subject = :subject AND state = 'cooled' AND event_at < :at AND event_at > (
    SELECT coalesce(max(event_at), 0) FROM deliveries
    WHERE subject = :subject AND event_at < :at AND state NOT IN ('muted', 'cooled', 'stale')
)
