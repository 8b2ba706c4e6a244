"""Tables for readers outside the lake's own format."""
