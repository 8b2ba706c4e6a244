INSERT INTO alarms (alarm_id, since, words, evaluations, messages, withheld, told_at) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (alarm_id) DO UPDATE SET
    words = excluded.words, evaluations = excluded.evaluations, messages = excluded.messages,
    withheld = excluded.withheld, told_at = excluded.told_at
