"""Missing trades fetched over REST, and what the trades table lacks."""
