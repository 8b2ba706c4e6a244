"""Parsed, checked, deduplicated."""
