SELECT coalesce('default_transaction_read_only=on' = ANY (rolconfig), false) FROM pg_roles WHERE rolname = %s
