INSERT OR REPLACE INTO mutes (pattern, until) VALUES (?, ?)
