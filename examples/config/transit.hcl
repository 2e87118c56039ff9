# Unsealed by a key of another server's transit engine: docs/seals/transit.md. Run the server with TRANSIT_TOKEN set.
storage "lmdb" {
  path = "./transit-data"
}

listener "tcp" {
  address     = "127.0.0.1:8200"
  tls_disable = true
}

seal "transit" {
  address    = "http://127.0.0.1:8210"
  token      = "env://TRANSIT_TOKEN"
  mount_path = "transit/"
  key_name   = "autounseal"
}
