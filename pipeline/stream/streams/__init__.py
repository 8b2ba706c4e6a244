"""The streams that write several layers at once."""
