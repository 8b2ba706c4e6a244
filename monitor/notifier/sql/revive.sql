UPDATE deliveries SET state = 'retry', attempts = 0, created_at = :now, next_at = :now, changed_at = :now
WHERE state = 'dead' AND (:number = 0 OR number = :number)
