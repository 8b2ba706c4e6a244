DELETE FROM alarms WHERE alarm_id = ?
