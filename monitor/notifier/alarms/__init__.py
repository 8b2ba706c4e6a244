"""The pipeline's own alarms: looking costs next to nothing, and only what lasts is told."""
