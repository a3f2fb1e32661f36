package graph

import (
	"time"

	"github.com/samkeeper/samkeeper/sim/world"
)

type organization struct {
	ID                string           `json:"id"`
	Deleted           *string          `json:"deletedDateTime"`
	BusinessPhones    []string         `json:"businessPhones"`
	City              *string          `json:"city"`
	Country           *string          `json:"country"`
	CountryCode       string           `json:"countryLetterCode"`
	Created           string           `json:"createdDateTime"`
	DisplayName       string           `json:"displayName"`
	MultipleLocations *bool            `json:"isMultipleDataLocationsForServicesEnabled"`
	MarketingMails    []string         `json:"marketingNotificationEmails"`
	LastSync          *string          `json:"onPremisesLastSyncDateTime"`
	SyncEnabled       *bool            `json:"onPremisesSyncEnabled"`
	PostalCode        *string          `json:"postalCode"`
	PreferredLanguage string           `json:"preferredLanguage"`
	SecurityMails     []string         `json:"securityComplianceNotificationMails"`
	SecurityPhones    []string         `json:"securityComplianceNotificationPhones"`
	State             *string          `json:"state"`
	Street            *string          `json:"street"`
	TechnicalMails    []string         `json:"technicalNotificationMails"`
	TenantType        string           `json:"tenantType"`
	SizeQuota         sizeQuota        `json:"directorySizeQuota"`
	AssignedPlans     []assignedPlan   `json:"assignedPlans"`
	PrivacyProfile    privacyProfile   `json:"privacyProfile"`
	ProvisionedPlans  []provisioned    `json:"provisionedPlans"`
	VerifiedDomains   []verifiedDomain `json:"verifiedDomains"`
}

type sizeQuota struct {
	Used  int `json:"used"`
	Total int `json:"total"`
}

type assignedPlan struct {
	Assigned   string `json:"assignedDateTime"`
	Capability string `json:"capabilityStatus"`
	Service    string `json:"service"`
	PlanID     string `json:"servicePlanId"`
}

type privacyProfile struct {
	Contact   string `json:"contactEmail"`
	Statement string `json:"statementUrl"`
}

type provisioned struct {
	Capability   string `json:"capabilityStatus"`
	Provisioning string `json:"provisioningStatus"`
	Service      string `json:"service"`
}

type verifiedDomain struct {
	Capabilities string `json:"capabilities"`
	IsDefault    bool   `json:"isDefault"`
	IsInitial    bool   `json:"isInitial"`
	Name         string `json:"name"`
	Type         string `json:"type"`
}

// organization is the tenant of the token itself.
func (s *Service) organization(c call) (any, error) {
	var o organization
	if c.customer == nil {
		o = s.partnerOrganization(c.caller.Tenant)
	} else {
		o = describe(c.customer.TenantID, c.customer.Name, c.customer.Domain, c.customer.Country, c.customer.RelationshipStart)
		o.SizeQuota.Used = 20 * c.customer.UserCount
		for _, sku := range c.customer.SKUs {
			o.plans(sku, c.customer.RelationshipStart)
		}
	}
	return s.list(c, "organization", []any{o}, nil)
}

func (s *Service) partnerOrganization(tenant string) organization {
	founded := time.Date(2015, 3, 2, 9, 0, 0, 0, time.UTC)
	if tenant == world.SecondPartnerTenantID {
		return describe(tenant, world.SecondPartnerName, world.SecondPartnerDomain, "NL", founded)
	}
	var o organization
	s.world.View(func() {
		p := s.world.Partner()
		o = describe(p.TenantID, p.Name, p.Domain, "NL", founded)
	})
	return o
}

func describe(id, name, domain, country string, created time.Time) organization {
	return organization{
		ID: id, BusinessPhones: []string{}, CountryCode: country, Created: created.Format(time.RFC3339), DisplayName: name,
		MarketingMails: []string{}, PreferredLanguage: "en", SecurityMails: []string{}, SecurityPhones: []string{},
		TechnicalMails: []string{"admin@" + domain}, TenantType: "AAD", SizeQuota: sizeQuota{500, 300000},
		AssignedPlans: []assignedPlan{}, ProvisionedPlans: []provisioned{},
		VerifiedDomains: []verifiedDomain{{"Email, OfficeCommunicationsOnline", true, true, domain, "Managed"}},
	}
}

func (o *organization) plans(sku world.SKU, since time.Time) {
	for _, p := range sku.Plans {
		o.AssignedPlans = append(o.AssignedPlans, assignedPlan{since.Format(time.RFC3339), sku.CapabilityStatus, "exchange", p.ID})
		o.ProvisionedPlans = append(o.ProvisionedPlans, provisioned{sku.CapabilityStatus, "Success", "exchange"})
	}
}

type subscribedSKU struct {
	AccountID     string   `json:"accountId"`
	AccountName   string   `json:"accountName"`
	AppliesTo     string   `json:"appliesTo"`
	Capability    string   `json:"capabilityStatus"`
	Consumed      int      `json:"consumedUnits"`
	ID            string   `json:"id"`
	Prepaid       prepaid  `json:"prepaidUnits"`
	Plans         []plan   `json:"servicePlans"`
	SkuID         string   `json:"skuId"`
	SkuPartNumber string   `json:"skuPartNumber"`
	Subscriptions []string `json:"subscriptionIds"`
}

type prepaid struct {
	Enabled   int `json:"enabled"`
	Suspended int `json:"suspended"`
	Warning   int `json:"warning"`
	LockedOut int `json:"lockedOut"`
}

type plan struct {
	ID           string `json:"servicePlanId"`
	Name         string `json:"servicePlanName"`
	Provisioning string `json:"provisioningStatus"`
	AppliesTo    string `json:"appliesTo"`
}

// subscribedSkus lists the licences; of the query options it knows $select.
func (s *Service) subscribedSkus(c call) (any, error) {
	if c.query.filter != "" || c.query.top != 0 {
		return nil, refusal{400, "Request_UnsupportedQuery", "The query specified in the URI is not supported: only $select."}
	}
	var rows []any
	if c.customer != nil {
		for _, sku := range c.customer.SKUs {
			rows = append(rows, licence(c.customer, sku))
		}
	}
	return s.list(c, "subscribedSkus", rows, nil)
}

func licence(c *world.Customer, sku world.SKU) subscribedSKU {
	l := subscribedSKU{
		AccountID: c.TenantID, AccountName: c.Domain, AppliesTo: "User", Capability: sku.CapabilityStatus,
		Consumed: sku.Consumed, ID: c.TenantID + "_" + sku.SkuID,
		Prepaid: prepaid{sku.Enabled, sku.Suspended, sku.Warning, sku.LockedOut}, Plans: []plan{},
		SkuID: sku.SkuID, SkuPartNumber: sku.PartNumber, Subscriptions: []string{world.DerivedID(c.TenantID, sku.SkuID)},
	}
	provisioning := "Success"
	if sku.CapabilityStatus == "Suspended" {
		provisioning = "Disabled"
	}
	for _, p := range sku.Plans {
		l.Plans = append(l.Plans, plan{p.ID, p.Name, provisioning, "User"})
	}
	return l
}

type user struct {
	BusinessPhones    []string `json:"businessPhones"`
	DisplayName       string   `json:"displayName"`
	GivenName         *string  `json:"givenName"`
	JobTitle          *string  `json:"jobTitle"`
	Mail              *string  `json:"mail"`
	MobilePhone       *string  `json:"mobilePhone"`
	OfficeLocation    *string  `json:"officeLocation"`
	PreferredLanguage *string  `json:"preferredLanguage"`
	Surname           *string  `json:"surname"`
	UPN               string   `json:"userPrincipalName"`
	ID                string   `json:"id"`
}

// users pages through the accounts of the token's tenant.
func (s *Service) users(c call) (any, error) {
	if c.query.filter != "" {
		return nil, badFilter(c.query.filter)
	}
	var members []world.User
	if c.customer == nil {
		members = s.world.Users(c.caller.Tenant)
	} else {
		members = c.customer.Members()
	}
	from := min(c.query.place.outer, len(members))
	to := min(from+c.query.size(100, largestTop), len(members))
	var rows []any
	for _, m := range members[from:to] {
		rows = append(rows, user{
			BusinessPhones: []string{}, DisplayName: m.Name, GivenName: &m.Given, Mail: &m.UPN, Surname: &m.Family,
			UPN: m.UPN, ID: m.Object,
		})
	}
	var more *place
	if to < len(members) {
		more = &place{outer: to}
	}
	return s.list(c, "users", rows, more)
}
