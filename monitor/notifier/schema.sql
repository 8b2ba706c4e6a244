-- The notifier's own memory. Times are milliseconds since 1970.

-- The outbox: one row for each event and channel, also for what was not to be sent.
CREATE TABLE IF NOT EXISTS deliveries (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    event_key   TEXT NOT NULL,
    channel     TEXT NOT NULL,
    kind        TEXT NOT NULL,     -- alert, alarm, recovery or test
    subject     TEXT NOT NULL,     -- what it is about, such as service.presto
    body        TEXT NOT NULL,     -- JSON, the same bytes at each attempt
    event_at    INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    state       TEXT NOT NULL,     -- pending, sending, retry, sent, dead; or not sent: muted, cooled, stale
    attempts    INTEGER NOT NULL DEFAULT 0,
    next_at     INTEGER NOT NULL,  -- when it is due, while it is pending or retry
    changed_at  INTEGER NOT NULL,
    interrupted INTEGER NOT NULL DEFAULT 0,  -- 1: a process died while it sent it, so that it may arrive twice
    error       TEXT NOT NULL DEFAULT '',
    UNIQUE (event_key, channel)
);

CREATE INDEX IF NOT EXISTS deliveries_by_state ON deliveries (state, channel, next_at);
CREATE INDEX IF NOT EXISTS deliveries_by_subject ON deliveries (subject, event_at);

-- The alarms that are open.
CREATE TABLE IF NOT EXISTS alarms (
    alarm_id    TEXT PRIMARY KEY,
    since       INTEGER NOT NULL,  -- of the first bad evaluation
    words       TEXT NOT NULL,
    evaluations INTEGER NOT NULL,  -- bad ones so far
    messages    INTEGER NOT NULL,  -- about it so far, sent or withheld
    withheld    INTEGER NOT NULL,  -- of them, as it was muted or acknowledged
    told_at     INTEGER NOT NULL,  -- of the last of them
    acked_until INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS mutes (
    pattern TEXT PRIMARY KEY,      -- of subjects, as the shell's: service.*
    until   INTEGER NOT NULL
) WITHOUT ROWID;
