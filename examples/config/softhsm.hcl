# Unsealed by a key in an HSM, here SoftHSM. Run the server with SOFTHSM2_CONF and HSM_PIN set.
storage "lmdb" {
  path = "./softhsm-data"
}

listener "tcp" {
  address     = "127.0.0.1:8200"
  tls_disable = true
}

seal "pkcs11" {
  lib         = "/usr/lib/softhsm/libsofthsm2.so"
  token_label = "seal"
  pin         = "env://HSM_PIN"
  key_label   = "unseal-key"
}
