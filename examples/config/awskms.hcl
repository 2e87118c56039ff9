# Unsealed by a key of AWS KMS: docs/seals/awskms.md. Credentials are looked for as AWS's own tools do.
storage "lmdb" {
  path = "./awskms-data"
}

listener "tcp" {
  address     = "127.0.0.1:8200"
  tls_disable = true
}

seal "awskms" {
  region     = "eu-central-1"
  kms_key_id = "alias/unseal"
}
