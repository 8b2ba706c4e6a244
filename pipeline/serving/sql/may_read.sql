SELECT has_database_privilege(reader.oid, current_database(), 'CONNECT')
  AND has_schema_privilege(reader.oid, 'public', 'USAGE')
  AND EXISTS (
    SELECT FROM pg_default_acl AS later, aclexplode(later.defaclacl) AS granted
    WHERE later.defaclrole = current_user::regrole AND later.defaclnamespace = 'public'::regnamespace
      AND later.defaclobjtype = 'r' AND granted.grantee = reader.oid AND granted.privilege_type = 'SELECT'
  )
FROM pg_roles AS reader WHERE rolname = %s
