"""What an event is: each topic and record stated once, as they go over the wire."""
