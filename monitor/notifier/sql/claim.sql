-- Take the oldest delivery that is due; one waits for those before it that are about the same.
UPDATE deliveries
SET state = 'sending', attempts = attempts + 1, changed_at = :now
WHERE number = (
    SELECT number FROM deliveries AS due
    WHERE channel = :channel AND state IN ('pending', 'retry') AND next_at <= :now
        AND NOT EXISTS (
            SELECT 1 FROM deliveries AS before
            WHERE before.channel = due.channel AND before.subject = due.subject AND before.number < due.number
                AND before.state IN ('pending', 'retry', 'sending')
        )
    ORDER BY number
    LIMIT 1
)
RETURNING *
