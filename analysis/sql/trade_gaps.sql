-- The runs of trade ids that did not arrive in time, and what became of them: open ones first, then the newest.
-- ? 24  how many hours back; gaps that are open are shown however old they are
SELECT status,
       source,
       product_id,
       from_id,
       to_id,
       to_id - from_id + 1 AS trades,
       filled,
       lost,
       reason,
       opened_at,
       closed_at,
       note
FROM iceberg.ops.gaps
WHERE status = 'open' OR opened_at >= localtimestamp - INTERVAL '1' HOUR * ?
ORDER BY CASE status WHEN 'open' THEN 0 ELSE 1 END, opened_at DESC, gap_id;
