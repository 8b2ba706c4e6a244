SELECT * FROM alarms ORDER BY since, alarm_id
