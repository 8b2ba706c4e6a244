SELECT has_schema_privilege('public', 'CREATE')
