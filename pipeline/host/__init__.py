"""What the system's own Python runs before any package is installed: only the standard library is used here."""
