package world

// Cloud is one national cloud as its tokens name it. The listeners of the
// simulator are on loopback; issuers and audiences in tokens are always these
// real names. URLs have no trailing slash. As of November 2026.
type Cloud struct {
	Name               string // "public", "usgov", "china"
	Login              string // authority host, as challenges print it
	Issuer             string // base of v2.0 issuers
	STS                string // base of v1.0 issuers
	Graph              string // audience of Microsoft Graph
	ARM                string // audience of Azure Resource Manager
	ARMLegacy          string // older audience of the same service
	PartnerCenter      string // audience of Partner Center
	Vault              string // audience of Key Vault
	VaultSuffix        string // a vault's host ends so
	Storage            string // audience of blob, queue and table
	FederationAudience string // audience of a managed identity's assertion
}

var clouds = []Cloud{
	{
		Name:               "public",
		Login:              "https://login.microsoftonline.com",
		Issuer:             "https://login.microsoftonline.com",
		STS:                "https://sts.windows.net",
		Graph:              "https://graph.microsoft.com",
		ARM:                "https://management.azure.com",
		ARMLegacy:          "https://management.core.windows.net",
		PartnerCenter:      "https://api.partnercenter.microsoft.com",
		Vault:              "https://vault.azure.net",
		VaultSuffix:        ".vault.azure.net",
		Storage:            "https://storage.azure.com",
		FederationAudience: "api://AzureADTokenExchange",
	},
	{
		Name:               "usgov",
		Login:              "https://login.microsoftonline.us",
		Issuer:             "https://login.microsoftonline.us",
		STS:                "https://sts.windows.net",
		Graph:              "https://graph.microsoft.us",
		ARM:                "https://management.usgovcloudapi.net",
		ARMLegacy:          "https://management.core.usgovcloudapi.net",
		PartnerCenter:      "https://api.partnercenter.microsoft.com",
		Vault:              "https://vault.usgovcloudapi.net",
		VaultSuffix:        ".vault.usgovcloudapi.net",
		Storage:            "https://storage.azure.com",
		FederationAudience: "api://AzureADTokenExchangeUSGov",
	},
	{
		Name:               "china",
		Login:              "https://login.partner.microsoftonline.cn",
		Issuer:             "https://login.partner.microsoftonline.cn",
		STS:                "https://sts.chinacloudapi.cn",
		Graph:              "https://microsoftgraph.chinacloudapi.cn",
		ARM:                "https://management.chinacloudapi.cn",
		ARMLegacy:          "https://management.core.chinacloudapi.cn",
		PartnerCenter:      "https://partner.partnercenterapi.microsoftonline.cn",
		Vault:              "https://vault.azure.cn",
		VaultSuffix:        ".vault.azure.cn",
		Storage:            "https://storage.azure.com",
		FederationAudience: "api://AzureADTokenExchangeChina",
	},
}

// LookupCloud finds a cloud by name; "" is the public cloud.
func LookupCloud(name string) (Cloud, bool) {
	if name == "" {
		name = "public"
	}
	for _, c := range clouds {
		if c.Name == name {
			return c, true
		}
	}
	return Cloud{}, false
}

// IssuerV2 is the issuer of v2.0 tokens of a tenant.
func (c Cloud) IssuerV2(tid string) string { return c.Issuer + "/" + tid + "/v2.0" }

// IssuerV1 is the issuer of v1.0 tokens of a tenant.
func (c Cloud) IssuerV1(tid string) string { return c.STS + "/" + tid + "/" }
