-- What a process was sending when it died is sent again; whether it had arrived cannot be known.
UPDATE deliveries SET state = 'retry', next_at = ?, interrupted = 1 WHERE state = 'sending'
