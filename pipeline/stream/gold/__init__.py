"""Gold: what is asked of the trades again and again, worked out beforehand."""
