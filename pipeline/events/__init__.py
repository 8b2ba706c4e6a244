"""What an event is: each topic and each table stated once; Spark schemas and table DDL are derived from here."""
