"""Gold: what readers ask of the trades again and again, precomputed."""
