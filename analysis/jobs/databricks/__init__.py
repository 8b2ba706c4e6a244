"""The Databricks runner and its steps."""
