-- The tables and views of a schema: name, and BASE TABLE or VIEW.
SELECT
    table_name,
    table_type
FROM {catalog}.information_schema.tables
WHERE table_schema = ?
