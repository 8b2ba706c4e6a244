"""The lake's start page: live prices, trades, alerts, coverage and health, read-only, over HTTP and server-sent events.

    Kafka ─> feed ─┐
    Presto ────────┼─> board ─> broadcast ─> events ─> every browser
    health ────────┘     (what changed)  (one update, serialised once)

Nothing is asked and no Kafka is read while nobody watches.
"""
