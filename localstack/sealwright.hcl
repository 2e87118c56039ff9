# Unsealed by the key that run.sh and compose.yaml make in LocalStack: localstack/README.md.
storage "lmdb" {
  path = "./localstack-data"
}

listener "tcp" {
  address     = "127.0.0.1:8200"
  tls_disable = true
}

seal "awskms" {
  endpoint   = "http://127.0.0.1:4566"
  region     = "us-east-1"
  kms_key_id = "alias/sealwright"
  access_key = "test"
  secret_key = "test"
}
