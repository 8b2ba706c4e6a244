"""A market of our own: speaks CoinGecko's REST shape, deterministic by seed, for runs without a network and tests."""
