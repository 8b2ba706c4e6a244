-- The trade producer's own memory: which trades are missing, and up to which all are accounted for.

CREATE TABLE IF NOT EXISTS gaps (
    gap_id     TEXT PRIMARY KEY,
    source     TEXT NOT NULL,
    product_id TEXT NOT NULL,
    from_id    INTEGER NOT NULL,
    to_id      INTEGER NOT NULL,
    opened_at  TEXT NOT NULL,     -- ISO 8601, UTC
    reason     TEXT NOT NULL,
    status     TEXT NOT NULL,     -- open, filled, lost or unavailable
    filled     INTEGER NOT NULL,
    lost       INTEGER NOT NULL,
    closed_at  TEXT,              -- ISO 8601, UTC
    note       TEXT NOT NULL,
    missing    TEXT NOT NULL,     -- JSON: [[first, last], ...], both included
    late       INTEGER NOT NULL,
    why_lost   TEXT NOT NULL,
    told       INTEGER NOT NULL DEFAULT 0  -- 1 once Kafka has acknowledged this very state of the gap
) WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS gaps_by_time ON gaps (source, opened_at);

-- Up to which trade all are acknowledged by Kafka, or in a gap above.
CREATE TABLE IF NOT EXISTS accounted (
    source     TEXT NOT NULL,
    product_id TEXT NOT NULL,
    trade_id   INTEGER NOT NULL,
    PRIMARY KEY (source, product_id)
) WITHOUT ROWID;

-- Which Kafka acknowledged all of this; `replaced`: 1 where it was another one before.
CREATE TABLE IF NOT EXISTS kafka (
    identity TEXT NOT NULL,
    replaced INTEGER NOT NULL
);

-- Products that began without a mark, and at which trade: what the table lacks below is still to be looked for.
CREATE TABLE IF NOT EXISTS unchecked (
    source     TEXT NOT NULL,
    product_id TEXT NOT NULL,
    first_id   INTEGER NOT NULL,
    PRIMARY KEY (source, product_id)
) WITHOUT ROWID;

-- What the table lacks and no gap covers: the producer makes gaps of it and deletes the row in one transaction.
CREATE TABLE IF NOT EXISTS holes (
    source     TEXT NOT NULL,
    product_id TEXT NOT NULL,
    from_id    INTEGER NOT NULL,
    to_id      INTEGER NOT NULL,
    reason     TEXT NOT NULL,
    PRIMARY KEY (source, product_id, from_id)
) WITHOUT ROWID;
