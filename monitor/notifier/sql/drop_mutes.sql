DELETE FROM mutes WHERE until <= ?
