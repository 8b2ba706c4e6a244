"""Proving that the lake loses and doubles nothing: faults by a seed on a lake under load, judged through Presto."""
