-- The scheduler's own memory: its jobs, and what Kafka has acknowledged.

CREATE TABLE IF NOT EXISTS jobs (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,  -- the order in which jobs are worked off
    job_id      TEXT NOT NULL UNIQUE,
    coin        TEXT NOT NULL,
    first_day   TEXT,             -- history jobs: YYYY-MM-DD
    last_day    TEXT,             -- history jobs: YYYY-MM-DD, NULL = until now
    sha256      TEXT,             -- CSV jobs: the file's content
    name        TEXT,             -- CSV jobs: what the user called the file
    state       TEXT NOT NULL,    -- queued, running, done, failed
    done        INTEGER NOT NULL, -- days, or bytes of a CSV file
    total       INTEGER NOT NULL,
    events      INTEGER NOT NULL,
    rejected    INTEGER NOT NULL,
    error       TEXT,
    message     TEXT,
    created_at  TEXT NOT NULL
);

-- A day of a coin that a source gave and Kafka acknowledged ('published'), or that the source has no row for ('absent').
CREATE TABLE IF NOT EXISTS days (
    coin   TEXT NOT NULL,
    source TEXT NOT NULL,
    day    TEXT NOT NULL,
    state  TEXT NOT NULL,
    PRIMARY KEY (coin, source, day)
) WITHOUT ROWID;

-- A day of a coin that a source gave no row for in an answer so far; it becomes absent when a later answer agrees.
CREATE TABLE IF NOT EXISTS lacking (
    coin     TEXT NOT NULL,
    source   TEXT NOT NULL,
    day      TEXT NOT NULL,
    first_at TEXT NOT NULL,       -- UTC, of the first such answer
    PRIMARY KEY (coin, source, day)
) WITHOUT ROWID;

-- Up to which line of a CSV file's content Kafka has acknowledged.
CREATE TABLE IF NOT EXISTS imports (
    sha256   TEXT NOT NULL,
    coin     TEXT NOT NULL,
    line     INTEGER NOT NULL,
    finished INTEGER NOT NULL,
    PRIMARY KEY (sha256, coin)
) WITHOUT ROWID;

-- Up to which minute (seconds since 1970) the candles of a source's product are in Kafka, or on their way to it.
CREATE TABLE IF NOT EXISTS candles (
    source  TEXT NOT NULL,
    product TEXT NOT NULL,
    minute  INTEGER NOT NULL,
    PRIMARY KEY (source, product)
) WITHOUT ROWID;

-- Which Kafka all of this was acknowledged by.
CREATE TABLE IF NOT EXISTS kafka (
    identity TEXT NOT NULL
);
