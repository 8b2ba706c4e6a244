"""Each table stated once: columns, key, layout; the DDL for Iceberg and Hive is derived from here."""
