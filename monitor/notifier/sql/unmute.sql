DELETE FROM mutes WHERE pattern = ?
