CREATE TABLE IF NOT EXISTS coinlake_provisioned (
  id int PRIMARY KEY CHECK (id = 1), stamp text NOT NULL, password text NOT NULL, uuids text NOT NULL
)
