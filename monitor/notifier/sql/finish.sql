UPDATE deliveries SET state = ?, error = ?, next_at = ?, changed_at = ? WHERE number = ?
