SELECT pattern, until FROM mutes WHERE until > ? ORDER BY pattern
