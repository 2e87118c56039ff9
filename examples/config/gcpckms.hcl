# Unsealed by a key of Google Cloud KMS: docs/seals/gcpckms.md. Credentials are looked for as Google's own tools do.
storage "lmdb" {
  path = "./gcpckms-data"
}

listener "tcp" {
  address     = "127.0.0.1:8200"
  tls_disable = true
}

seal "gcpckms" {
  project    = "my-project"
  region     = "europe-west3"
  key_ring   = "sealwright"
  crypto_key = "unseal"
}
