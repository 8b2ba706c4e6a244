"""Ops: how complete the trades are, and the ledger of what went missing."""
