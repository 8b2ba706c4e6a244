INSERT INTO coinlake_provisioned (id, stamp, password, uuids) VALUES (1, %s, %s, %s)
ON CONFLICT (id) DO UPDATE SET stamp = excluded.stamp, password = excluded.password, uuids = excluded.uuids
