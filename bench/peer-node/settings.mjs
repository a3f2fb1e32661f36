// The settings of the peer, read once from the environment: those that aim the
// app at a cloud have the same names as samkeeper's.
const need = (name) => {
  const value = process.env[name];
  if (!value) throw new Error(`the setting ${name} is missing`);
  return value;
};

export const settings = {
  port: Number(need('FUNCTIONS_CUSTOMHANDLER_PORT')),
  storage: need('AzureWebJobsStorage'),
  partner: need('SAMKEEPER_PARTNER_TENANTS'),
  clientId: need('SAMKEEPER_APP_ID'),
  identityClientId: need('SAMKEEPER_IDENTITY_CLIENT_ID'),
  vault: need('SAMKEEPER_VAULT_URL'),
  refreshTokenSecret: need('PEER_REFRESH_TOKEN_SECRET'),
  login: need('SAMKEEPER_LOGIN_ENDPOINT'),
  graph: need('SAMKEEPER_GRAPH_ENDPOINT'),
  arm: need('SAMKEEPER_ARM_ENDPOINT'),
  partnerCenter: need('SAMKEEPER_PARTNERCENTER_ENDPOINT'),
};

// What the access tokens are for, as the public cloud names it.
export const scopes = {
  graph: 'https://graph.microsoft.com/.default',
  arm: 'https://management.azure.com/.default',
  partnerCenter: 'https://api.partnercenter.microsoft.com/.default',
};

export const queues = { jobs: 'peer-jobs', results: 'peer-results' };
