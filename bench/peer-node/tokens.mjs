// Access tokens: the partner's refresh token from the vault, redeemed per tenant.
import { ManagedIdentityCredential } from '@azure/identity';
import { SecretClient } from '@azure/keyvault-secrets';
import { ConfidentialClientApplication, AuthError } from '@azure/msal-node';
import { scopes, settings } from './settings.mjs';

const identity = new ManagedIdentityCredential({ clientId: settings.identityClientId });
// The check ties a challenge to the vault's real domain, which a simulator lacks.
const vault = new SecretClient(settings.vault, identity, { disableChallengeResourceVerification: true });

const tokenEndpoint = `${settings.login}/{tenantid}/oauth2/v2.0/token`;
const app = new ConfidentialClientApplication({
  auth: {
    clientId: settings.clientId,
    clientAssertion: async () => (await identity.getToken('api://AzureADTokenExchange')).token,
    // MSAL knows Microsoft's login hosts by heart; about any other it is told,
    // so that it asks nobody for metadata.
    knownAuthorities: [new URL(settings.login).host],
    authorityMetadata: JSON.stringify({
      token_endpoint: tokenEndpoint,
      authorization_endpoint: `${settings.login}/{tenantid}/oauth2/v2.0/authorize`,
      issuer: `${settings.login}/{tenantid}/v2.0`,
      jwks_uri: `${settings.login}/{tenantid}/discovery/v2.0/keys`,
    }),
  },
});

const secretLife = 10 * 60_000;
let secret = { readAt: 0, value: undefined };

/** The refresh token, read from the vault at most every ten minutes. */
function refreshToken() {
  if (Date.now() - secret.readAt > secretLife) {
    const value = vault.getSecret(settings.refreshTokenSecret).then((s) => s.value);
    value.catch(() => { secret.readAt = 0; });
    secret = { readAt: Date.now(), value };
  }
  return secret.value;
}

const skew = 5 * 60_000;
const most = 10_000;
const tokens = new Map();

/** An access token of a tenant for a service; kept until shortly before it ends. */
export function accessToken(tenant, service) {
  const key = `${tenant} ${service}`;
  const known = tokens.get(key);
  if (known && known.until > Date.now()) return known.token;
  const entry = { until: Infinity };
  entry.token = redeem(tenant, scopes[service]).then((result) => {
    entry.until = result.expiresOn.getTime() - skew;
    return result.accessToken;
  });
  entry.token.catch(() => tokens.delete(key));
  if (tokens.size >= most) tokens.delete(tokens.keys().next().value);
  tokens.set(key, entry);
  return entry.token;
}

// MSAL writes what it gets into its own cache as well, but does not look there
// when it is given a refresh token: hence the map above.
async function redeem(tenant, scope) {
  return app.acquireTokenByRefreshToken({
    refreshToken: await refreshToken(), scopes: [scope], authority: `${settings.login}/${tenant}`,
  });
}

export { AuthError };
