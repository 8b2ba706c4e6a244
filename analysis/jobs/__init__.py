"""Run a notebook as a job, here or on Databricks."""
