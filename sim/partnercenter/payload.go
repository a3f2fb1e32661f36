package partnercenter

// attributes end every resource of the API.
type attributes struct {
	Etag       string `json:"etag,omitempty"`
	ObjectType string `json:"objectType"`
}

type header struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

type link struct {
	URI     string   `json:"uri"`
	Method  string   `json:"method"`
	Headers []header `json:"headers"`
}

// get is a plain link.
func get(uri string) *link { return &link{URI: uri, Method: "GET", Headers: []header{}} }

type selfLinks struct {
	Self *link `json:"self"`
}

type collectionLinks struct {
	Self *link `json:"self"`
	Next *link `json:"next,omitempty"`
}

// collection is every list. TotalCount counts the rows of this page.
type collection[T any] struct {
	TotalCount int              `json:"totalCount"`
	Items      []T              `json:"items"`
	Links      *collectionLinks `json:"links,omitempty"`
	Attributes attributes       `json:"attributes"`
}

func collect[T any](items []T, links *collectionLinks) collection[T] {
	if items == nil {
		items = []T{}
	}
	return collection[T]{len(items), items, links, attributes{ObjectType: "Collection"}}
}

type customer struct {
	ID                   string          `json:"id"`
	CommerceID           string          `json:"commerceId,omitempty"`
	CompanyProfile       companyProfile  `json:"companyProfile"`
	BillingProfile       *billingProfile `json:"billingProfile,omitempty"`
	Relationship         string          `json:"relationshipToPartner"`
	AllowDelegatedAccess *bool           `json:"allowDelegatedAccess,omitempty"`
	CustomDomains        []string        `json:"customDomains,omitempty"`
	Links                *selfLinks      `json:"links,omitempty"`
	Attributes           attributes      `json:"attributes"`
}

type companyProfile struct {
	TenantID    string     `json:"tenantId"`
	Domain      string     `json:"domain"`
	CompanyName string     `json:"companyName"`
	Address     *address   `json:"address,omitempty"`
	Email       string     `json:"email,omitempty"`
	Links       *selfLinks `json:"links,omitempty"`
	Attributes  attributes `json:"attributes"`
}

type address struct {
	Country string `json:"country"`
}

type billingProfile struct {
	ID             string     `json:"id"`
	Email          string     `json:"email"`
	Culture        string     `json:"culture"`
	Language       string     `json:"language"`
	CompanyName    string     `json:"companyName"`
	DefaultAddress address    `json:"defaultAddress"`
	Links          *selfLinks `json:"links"`
	Attributes     attributes `json:"attributes"`
}

type subscription struct {
	ID               string            `json:"id"`
	OfferID          string            `json:"offerId"`
	OfferName        string            `json:"offerName"`
	EntitlementID    string            `json:"entitlementId,omitempty"`
	FriendlyName     string            `json:"friendlyName"`
	Quantity         int               `json:"quantity"`
	UnitType         string            `json:"unitType"`
	CreationDate     string            `json:"creationDate"`
	EffectiveStart   string            `json:"effectiveStartDate"`
	CommitmentEnd    string            `json:"commitmentEndDate"`
	Status           string            `json:"status"`
	AutoRenewEnabled bool              `json:"autoRenewEnabled"`
	IsTrial          bool              `json:"isTrial"`
	BillingType      string            `json:"billingType"`
	BillingCycle     string            `json:"billingCycle"`
	TermDuration     string            `json:"termDuration"`
	ContractType     string            `json:"contractType"`
	Links            subscriptionLinks `json:"links"`
	OrderID          string            `json:"orderId"`
	Attributes       attributes        `json:"attributes"`
}

type subscriptionLinks struct {
	Offer *link `json:"offer"`
	Self  *link `json:"self"`
}

type user struct {
	UsageLocation     string     `json:"usageLocation"`
	ID                string     `json:"id"`
	UserPrincipalName string     `json:"userPrincipalName"`
	FirstName         string     `json:"firstName"`
	LastName          string     `json:"lastName"`
	DisplayName       string     `json:"displayName"`
	UserDomainType    string     `json:"userDomainType"`
	State             string     `json:"state"`
	Links             selfLinks  `json:"links"`
	Attributes        attributes `json:"attributes"`
}

type subscribedSKU struct {
	AvailableUnits   int        `json:"availableUnits"`
	ActiveUnits      int        `json:"activeUnits"`
	ConsumedUnits    int        `json:"consumedUnits"`
	SuspendedUnits   int        `json:"suspendedUnits"`
	TotalUnits       int        `json:"totalUnits"`
	WarningUnits     int        `json:"warningUnits"`
	ProductSKU       productSKU `json:"productSku"`
	CapabilityStatus string     `json:"capabilityStatus"`
	Attributes       attributes `json:"attributes"`
}

type productSKU struct {
	ID            string `json:"id"`
	Name          string `json:"name"`
	SkuPartNumber string `json:"skuPartNumber"`
	TargetType    string `json:"targetType"`
}

type adoptionStatus struct {
	LoginDate       string `json:"loginDate"`
	Compliant       int    `json:"mfaCompliantRequestCount"`
	Total           int    `json:"totalRequestCount"`
	ApplicationID   string `json:"applicationId"`
	ApplicationName string `json:"applicationName"`
}
