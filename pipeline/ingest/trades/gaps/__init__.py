"""Which trades are missing: found from their ids, and kept on disk."""
