"""Records kept as they came."""
