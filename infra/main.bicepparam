using 'main.bicep'

param name = 'samkeeper'
param partnerTenants = '00000000-0000-0000-0000-000000000000'
param appId = '00000000-0000-0000-0000-000000000000'
param consentAccounts = 'integration.account@partner.example'
param alertEmail = 'night.shift@partner.example'
