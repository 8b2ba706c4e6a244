"""A Databricks workspace on this machine, as far as its REST API goes, to test real clients against."""
