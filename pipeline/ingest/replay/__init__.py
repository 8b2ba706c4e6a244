"""Minute candles of a file or of the simulated market into `bitcoin_data`, by columns: as fast as Kafka takes them."""
