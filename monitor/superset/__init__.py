"""Superset, provisioned as code: its configuration, the dashboard's YAML and what brings it in."""
