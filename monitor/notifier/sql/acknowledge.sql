UPDATE alarms SET acked_until = ? WHERE alarm_id = ?
