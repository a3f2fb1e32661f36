package entra

import "github.com/samkeeper/samkeeper/internal/sam"

// serviceMeanings: the service itself, tenants, clouds and partner access (90xxx and above).
var serviceMeanings = []Meaning{
	{90002, configuration, customer, sam.TenantGone, "The tenant does not exist in this cloud.", fixHome, fixTenant},
	{90006, retry, retry, "", "Entra had a passing fault.", fixNothing, ""},
	{90012, retry, retry, "", "Entra did not answer in time.", fixNothing, ""},
	{90024, retry, retry, "", "Entra had a passing fault.", fixNothing, ""},
	{90033, retry, retry, "", "Entra is unavailable for the moment.", fixNothing, ""},
	{90090, retry, retry, "", "Entra could not read the directory for the moment.", fixNothing, ""},
	{90014, configuration, configuration, "", "A required field is missing from the request.", fixBug, ""},
	{900144, configuration, configuration, "", "A required field is missing from the request.", fixBug, ""},
	{90019, configuration, configuration, "", "The request names no tenant.", fixHome, ""},
	{900023, configuration, customer, sam.TenantGone, "The tenant is not available or its id is not valid.", fixHome, fixTenant},
	{9001023, configuration, configuration, "", "The grant needs the endpoint of one tenant.", fixHome, ""},
	{9002313, configuration, configuration, "", "The request is malformed, for instance by an empty token or secret.", "Check that the vault's newest version is whole.", ""},
	{90038, configuration, customer, sam.TenantGone, "The tenant lives in another national cloud.", fixHome, fixTenant},
	{900382, configuration, customer, sam.TenantGone, "The tenant lives in another national cloud, and the app may not cross over.", fixHome, fixTenant},
	{900432, configuration, customer, sam.TenantGone, "The tenant lives in another national cloud, and the app may not cross over.", fixHome, fixTenant},
	{90055, retry, retry, "", "Entra throttles this tenant.", fixNothing, ""},
	{90072, reconsent, customer, sam.NoGDAP, "The account does not exist in this tenant, or its MFA does not pass into it.",
		"Sign in with an account that is a member of the partner tenant.", fixGDAP},
	{90094, reconsent, customer, sam.ConsentMissing, "An administrator must consent.", "Sign in as an administrator through the consent page.", fixConsent},
	{90095, reconsent, customer, sam.ConsentMissing, "An administrator must consent; a request was sent to one.", "Sign in as an administrator through the consent page.", fixConsent},
	{90099, configuration, customer, sam.ConsentMissing, "The app is not authorized in this tenant for partner delegated administrators.", fixApp, fixConsent},
	{1000104, configuration, configuration, "", "The request crosses from one national cloud into another.", fixHome, ""},
	{1000502, credential, credential, "", "The app's certificate has expired.", "Register a new certificate on the app registration.", ""},
	{135010, configuration, configuration, "", "A key could not be found at the account's identity provider.", "Sign in with an account of the partner tenant itself.", ""},
	{5000224, configuration, customer, sam.TenantGone, "The tenant or resource is not available any more.", fixHome, fixTenant},
}
