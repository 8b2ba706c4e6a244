SELECT stamp, password, uuids FROM coinlake_provisioned
