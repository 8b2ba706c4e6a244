"""Benchmarks of a running lake: each module measures one thing and prints one JSON object."""
