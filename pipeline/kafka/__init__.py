"""Kafka's clients and topics, shared by everything that speaks to it."""
