"""Coinlake's pipeline: markets to Kafka to Spark to HDFS, and the engines that carry it."""
