"""The lake in containers: what the verbs do where a Docker engine runs it, with nothing but Python's own library."""
