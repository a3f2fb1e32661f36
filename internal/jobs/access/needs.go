package access

// Permission names what may be missing; it is part of a finding's key.
type Permission string

// The permissions, in the order in which they open the way.
const (
	Relationship  Permission = "relationship"
	Assignment    Permission = "assignment" // of the relationship to a group the account is in
	DirectoryRole Permission = "role|directory"
	ConsentRole   Permission = "role|consent"
	Consent       Permission = "consent"
	Azure         Permission = "azure"
)

// Kind is by what a permission is given.
type Kind string

// The kinds.
const (
	KindRelationship Kind = "relationship"
	KindRole         Kind = "gdap_role"
	KindConsent      Kind = "consent"
	KindAzureRBAC    Kind = "azure_rbac"
	KindLighthouse   Kind = "lighthouse"
)

// Role is a directory role that a relationship can carry, by its template id.
type Role struct{ ID, Name string }

// The roles that the table knows.
var (
	directoryReaders = Role{"88d8e3e3-8f55-4a1e-953a-9b9898b8876b", "Directory Readers"}
	globalReader     = Role{"f2ef992c-3afb-46b9-b7cf-a126ee74c451", "Global Reader"}
	userAdmin        = Role{"fe930be7-5e62-47db-91af-98c3a49a38b1", "User Administrator"}
	licenseAdmin     = Role{"4d6ac14f-3453-41d0-bef9-a3e0c569773a", "License Administrator"}
	cloudAppAdmin    = Role{"158c047a-c907-4556-b7ef-446551a6b5f7", "Cloud Application Administrator"}
	appAdmin         = Role{"9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3", "Application Administrator"}
	globalAdmin      = Role{"62e90394-69f5-4237-9190-012177145e10", "Global Administrator"}
)

// Resource is a service that an app is consented for.
type Resource string

// The resources.
const (
	Graph Resource = "Microsoft Graph"
	ARM   Resource = "Azure Resource Manager"
)

// Need is one permission that a task needs.
type Need struct {
	Permission Permission
	Kinds      []Kind   // any of them gives it; the first is what to ask for
	AnyOf      []Role   // with a role: any of them suffices; the first is the least
	Resource   Resource // with a consent: for what
	Source     string   // section of the reference
}

// TaskNeeds is what one task needs, in the order in which the way opens.
type TaskNeeds struct {
	Task  string
	Needs []Need
}

// The needs that several tasks share.
var (
	relationship = Need{Permission: Relationship, Kinds: []Kind{KindRelationship}, Source: "10.2 (1)"}
	assignment   = Need{Permission: Assignment, Kinds: []Kind{KindRole}, Source: "10.2 (1, 5)"}
	forARM       = Need{Permission: Consent, Kinds: []Kind{KindConsent}, Resource: ARM, Source: "10.2 (2)"}
	readAzure    = Need{Permission: Azure, Kinds: []Kind{KindAzureRBAC, KindLighthouse}, Source: "7.9, 10.2 (5)"}
)

// Table says what each task needs. A task that is not in it needs nothing that
// the radar knows of.
var Table = []TaskNeeds{
	{"consent", []Need{
		relationship, assignment,
		{Permission: ConsentRole, Kinds: []Kind{KindRole}, AnyOf: []Role{cloudAppAdmin, appAdmin, globalAdmin}, Source: "5.6"},
	}},
	{"subscriptions", []Need{relationship, assignment, forARM, readAzure}},
	{"health", []Need{relationship, assignment, forARM, readAzure}},
	{"alerts", []Need{relationship, assignment, forARM, readAzure}},
	{"directory", []Need{
		relationship, assignment,
		{
			Permission: DirectoryRole, Kinds: []Kind{KindRole}, Source: "10.2",
			AnyOf: []Role{directoryReaders, globalReader, licenseAdmin, userAdmin, globalAdmin},
		},
		{Permission: Consent, Kinds: []Kind{KindConsent}, Resource: Graph, Source: "10.2 (2)"},
	}},
}

// known are the roles of the table by id: others are not remembered.
var known = func() map[string]Role {
	all := map[string]Role{}
	for _, t := range Table {
		for _, n := range t.Needs {
			for _, r := range n.AnyOf {
				all[r.ID] = r
			}
		}
	}
	return all
}()
