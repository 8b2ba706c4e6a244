SELECT relname FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relowner = current_user::regrole AND relkind IN ('r', 'p', 'v', 'm')
  AND NOT has_table_privilege(%s, pg_class.oid, 'SELECT')
