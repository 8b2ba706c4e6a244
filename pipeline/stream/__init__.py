"""Kafka to Iceberg tables: Spark Structured Streaming, one driver for all streams."""
