"""Exchange trades: from raw frames to silver.fact_crypto_trades, each trade once."""
