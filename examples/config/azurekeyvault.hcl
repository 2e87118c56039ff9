# Unsealed by a key in Azure Key Vault: docs/seals/azurekeyvault.md. On a machine in Azure with a managed identity, drop
# tenant_id and client_secret. Elsewhere run the server with AZURE_CLIENT_SECRET set.
storage "lmdb" {
  path = "./azure-data"
}

listener "tcp" {
  address     = "127.0.0.1:8200"
  tls_disable = true
}

seal "azurekeyvault" {
  vault_name = "contoso-unseal"
  key_name   = "autounseal"
  tenant_id  = "11111111-2222-3333-4444-555555555555"
  client_id  = "66666666-7777-8888-9999-aaaaaaaaaaaa"
}
