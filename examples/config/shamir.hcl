# Unsealed by people: any three of five shares, say.
storage "lmdb" {
  path = "./shamir-data"
}

listener "tcp" {
  address     = "127.0.0.1:8200"
  tls_disable = true
}
