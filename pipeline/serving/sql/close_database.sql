-- By default everyone may connect and make temporary tables.
REVOKE ALL ON DATABASE {database} FROM PUBLIC
