"""What each engine needs at a multiple of today's events: costs measured on a running lake, and a model of them."""
