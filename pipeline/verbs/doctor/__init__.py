"""Finds what is wrong with a lake, from Java to the rows in its tables, and names the remedy; it changes nothing."""
