// samkeeper in one resource group: a Flex Consumption function app with a user-assigned identity, its storage
// account (no keys), a Key Vault for the refresh tokens, and alerts that notice silence.
// Deploy: az deployment group create -g RG -f infra/main.bicep -p infra/main.bicepparam
// The app registration and its federated credential are in infra/app-registration.md (Entra objects, not Azure ones).
targetScope = 'resourceGroup'

@description('Short name all resources derive from; 3 to 11 lower-case letters and digits.')
@minLength(3)
@maxLength(11)
param name string

@description('Region of all resources.')
param location string = resourceGroup().location

@description('Comma-separated tenant ids of the partner.')
param partnerTenants string

@description('Comma-separated tenant ids of customers that may consent for themselves; empty for none.')
param directTenants string = ''

@description('Application (client) id of the multi-tenant app registration.')
param appId string

@description('Comma-separated object ids or user principal names of the accounts that may consent.')
param consentAccounts string

@description('Which cloud: public, usgov or china.')
@allowed(['public', 'usgov', 'china'])
param cloud string = 'public'

@description('Tasks of a sweep, comma-separated.')
param tasks string = 'consent,subscriptions,health,alerts,directory,access'

@description('Whether the app consents for itself at customers where its consent is missing. This writes into customers\' tenants.')
param healConsent bool = true

@description('Mail address that is told when something needs a person.')
param alertEmail string

var suffix = uniqueString(resourceGroup().id, name)

module identity 'modules/identity.bicep' = {
  name: 'identity'
  params: { name: 'id-${name}', location: location }
}

module storage 'modules/storage.bicep' = {
  name: 'storage'
  params: {
    name: take('st${name}${suffix}', 24)
    location: location
    principalId: identity.outputs.principalId
  }
}

module vault 'modules/vault.bicep' = {
  name: 'vault'
  params: {
    name: take('kv-${name}-${suffix}', 24)
    location: location
    principalId: identity.outputs.principalId
  }
}

module app 'modules/app.bicep' = {
  name: 'app'
  params: {
    name: 'func-${name}-${suffix}'
    location: location
    identityId: identity.outputs.id
    identityClientId: identity.outputs.clientId
    storageName: storage.outputs.name
    deploymentContainer: storage.outputs.deploymentContainer
    settings: {
      SAMKEEPER_CLOUD: cloud
      SAMKEEPER_PARTNER_TENANTS: partnerTenants
      SAMKEEPER_DIRECT_TENANTS: directTenants
      SAMKEEPER_APP_ID: appId
      SAMKEEPER_APP_CREDENTIAL: 'managed-identity'
      SAMKEEPER_IDENTITY_CLIENT_ID: identity.outputs.clientId
      SAMKEEPER_VAULT_URL: vault.outputs.url
      SAMKEEPER_CONSENT_ACCOUNTS: consentAccounts
      SAMKEEPER_TASKS: tasks
      SAMKEEPER_HEAL_CONSENT: string(healConsent)
    }
  }
}

module alerts 'modules/alerts.bicep' = {
  name: 'alerts'
  params: { name: name, location: location, email: alertEmail, componentId: app.outputs.componentId }
}

output appName string = app.outputs.name
output redirectUri string = 'https://${app.outputs.hostName}/api/consent/callback'
output identityPrincipalId string = identity.outputs.principalId
output vaultUrl string = vault.outputs.url
