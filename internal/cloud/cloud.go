package cloud

import "github.com/samkeeper/samkeeper/internal/sam"

// The application ids of Microsoft's services are the same in every cloud.
const (
	GraphApp = sam.AppID("00000003-0000-0000-c000-000000000000")
	ARMApp   = sam.AppID("797f4846-ba00-4fd7-ba43-dac1f8f63013")
)

// Cloud is one national cloud. URLs have no trailing slash.
type Cloud struct {
	Name               string // "public", "usgov", "china"
	Login              string // authority: authorize, token and key endpoints
	Issuer             string // base of v2.0 issuers: Issuer + "/<tid>/v2.0"
	STS                string // base of v1.0 issuers: STS + "/<tid>/"
	Graph              string // Microsoft Graph; also its audience
	ARM                string // Azure Resource Manager; also its audience
	PartnerCenter      string // Partner Center REST; also its audience
	VaultSuffix        string // ".vault.azure.net": a vault's host ends so
	StorageSuffix      string // "core.windows.net"
	StorageAudience    string // token resource of blob, queue and table service
	FederationAudience string // audience of a managed identity's assertion
}

// clouds is the table; US Government uses the public Partner Center.
var clouds = []Cloud{
	{
		Name:               "public",
		Login:              "https://login.microsoftonline.com",
		Issuer:             "https://login.microsoftonline.com",
		STS:                "https://sts.windows.net",
		Graph:              "https://graph.microsoft.com",
		ARM:                "https://management.azure.com",
		PartnerCenter:      "https://api.partnercenter.microsoft.com",
		VaultSuffix:        ".vault.azure.net",
		StorageSuffix:      "core.windows.net",
		StorageAudience:    "https://storage.azure.com",
		FederationAudience: "api://AzureADTokenExchange",
	},
	{
		Name:               "usgov",
		Login:              "https://login.microsoftonline.us",
		Issuer:             "https://login.microsoftonline.us",
		STS:                "https://sts.windows.net",
		Graph:              "https://graph.microsoft.us",
		ARM:                "https://management.usgovcloudapi.net",
		PartnerCenter:      "https://api.partnercenter.microsoft.com",
		VaultSuffix:        ".vault.usgovcloudapi.net",
		StorageSuffix:      "core.usgovcloudapi.net",
		StorageAudience:    "https://storage.azure.com",
		FederationAudience: "api://AzureADTokenExchangeUSGov",
	},
	{
		Name:               "china",
		Login:              "https://login.partner.microsoftonline.cn",
		Issuer:             "https://login.partner.microsoftonline.cn",
		STS:                "https://sts.chinacloudapi.cn",
		Graph:              "https://microsoftgraph.chinacloudapi.cn",
		ARM:                "https://management.chinacloudapi.cn",
		PartnerCenter:      "https://partner.partnercenterapi.microsoftonline.cn",
		VaultSuffix:        ".vault.azure.cn",
		StorageSuffix:      "core.chinacloudapi.cn",
		StorageAudience:    "https://storage.azure.com",
		FederationAudience: "api://AzureADTokenExchangeChina",
	},
}

// Lookup finds a cloud by name.
func Lookup(name string) (Cloud, bool) {
	for _, c := range clouds {
		if c.Name == name {
			return c, true
		}
	}
	return Cloud{}, false
}

// Names lists the clouds, in the order of the table.
func Names() []string {
	names := make([]string, len(clouds))
	for i, c := range clouds {
		names[i] = c.Name
	}
	return names
}

// GraphScope is the v2.0 scope for all consented Graph permissions.
func (c Cloud) GraphScope() string { return c.Graph + "/.default" }

// ARMScope is the v2.0 scope for Azure Resource Manager.
func (c Cloud) ARMScope() string { return c.ARM + "/.default" }

// PartnerCenterScope is the v2.0 scope for Partner Center.
func (c Cloud) PartnerCenterScope() string { return c.PartnerCenter + "/.default" }

// IssuerOf is the issuer of v2.0 tokens of a tenant.
func (c Cloud) IssuerOf(t sam.TenantID) string { return c.Issuer + "/" + string(t) + "/v2.0" }

// STSIssuerOf is the issuer of v1.0 tokens of a tenant.
func (c Cloud) STSIssuerOf(t sam.TenantID) string { return c.STS + "/" + string(t) + "/" }
