GRANT SELECT ON TABLE {table} TO {reader}
