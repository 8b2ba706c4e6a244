"""Is it up, how far behind, how fresh, how complete: plain functions for the verbs and pages that show it."""
