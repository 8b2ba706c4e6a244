"""The trade producer: frames of the exchange into Kafka, and the ledger of what did not arrive."""
