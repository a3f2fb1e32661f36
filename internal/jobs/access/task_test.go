package access_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/samkeeper/samkeeper/internal/arm"
	"github.com/samkeeper/samkeeper/internal/graph"
	"github.com/samkeeper/samkeeper/internal/jobs"
	"github.com/samkeeper/samkeeper/internal/jobs/access"
	"github.com/samkeeper/samkeeper/internal/partnercenter"
	"github.com/samkeeper/samkeeper/internal/sam"
)

const (
	home     = sam.TenantID("aaaaaaaa-0000-4000-8000-000000000001")
	customer = sam.CustomerID("bbbbbbbb-0000-4000-8000-000000000001")
)

// played is every upstream of the task, answering as told.
type played struct {
	relations, assignments, groups, token, list, sold error
	reads                                             int
}

func (p *played) DelegatedAdminRelationships(context.Context, azcore.TokenCredential) ([]graph.Relationship, error) {
	p.reads++
	r := graph.Relationship{ID: "r1", Name: "Contoso", Customer: graph.RelatedCustomer{TenantID: string(customer)}}
	return []graph.Relationship{r, {ID: "r2"}}, p.relations
}

func (p *played) AccessAssignments(context.Context, azcore.TokenCredential, string) ([]graph.Assignment, error) {
	return []graph.Assignment{{Container: graph.Container{ID: "ops"}}}, p.assignments
}

func (p *played) MyGroups(context.Context, azcore.TokenCredential) ([]graph.Group, error) {
	return []graph.Group{{ID: "ops"}}, p.groups
}

func (p *played) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{}, p.token
}

func (p *played) Subscriptions(context.Context, azcore.TokenCredential) ([]arm.Subscription, error) {
	return nil, p.list
}

type sold struct{ *played }

func (s sold) Subscriptions(context.Context, azcore.TokenCredential, sam.CustomerID) ([]partnercenter.Subscription, error) {
	return []partnercenter.Subscription{{OfferName: "Azure plan", Status: "active"}}, s.sold
}

func (p *played) task(tasks ...string) *access.Task {
	return access.New(access.Config{Books: p, Azure: p, Sold: sold{p}, GraphScope: "g", Tasks: tasks})
}

func visit(p *played, at time.Time, conn sam.ConnectionID) jobs.Visit {
	return jobs.Visit{Customer: sam.Customer{ID: customer, Connection: conn}, Credential: p, Partner: p, Now: at}
}

var ours = sam.NewConnectionID(home, "cccccccc-0000-4000-8000-000000000001")

func refused(c sam.Class, r sam.Reason, code string) error {
	return &sam.Problem{Op: "try", Tenant: customer.Tenant(), Class: c, Reason: r, Code: code}
}

// What is refused is a fact about the customer; what passes by itself, or is
// about the connection, is an error.
func TestWhatIsAFactAndWhatAnError(t *testing.T) {
	t.Parallel()
	passes := refused(sam.ClassRetry, "", "503")
	denied := refused(sam.ClassCustomer, sam.RoleInsufficient, "Authorization_RequestDenied")
	revoked := refused(sam.ClassReconsent, "", "AADSTS50173")
	azureMissing, roleMissing := "access_missing|azure", "access_missing|role|directory"
	for name, row := range map[string]struct {
		say  func(*played)
		want []string // keys
		err  bool
	}{
		"as it is":                   {func(*played) {}, []string{roleMissing, azureMissing}, false},
		"relationships denied":       {func(p *played) { p.relations = denied }, []string{azureMissing}, false},
		"relationships later":        {func(p *played) { p.relations = passes }, nil, true},
		"relationships revoked":      {func(p *played) { p.relations = revoked }, nil, true},
		"groups denied":              {func(p *played) { p.groups = denied }, []string{azureMissing}, false},
		"groups later":               {func(p *played) { p.groups = passes }, nil, true},
		"assignments denied":         {func(p *played) { p.assignments = denied }, []string{azureMissing}, false},
		"assignments later":          {func(p *played) { p.assignments = passes }, nil, true},
		"consent":                    {func(p *played) { p.token = refused(sam.ClassCustomer, sam.ConsentMissing, "AADSTS65001") }, []string{roleMissing, "access_missing|consent", azureMissing}, false},
		"tokens later":               {func(p *played) { p.token = passes }, nil, true},
		"tokens unexplained":         {func(p *played) { p.token = context.DeadlineExceeded }, nil, true},
		"customer's policy":          {func(p *played) { p.token = refused(sam.ClassPolicy, "", "AADSTS53003") }, []string{roleMissing, azureMissing}, false},
		"our own policy":             {func(p *played) { p.token = &sam.Problem{Tenant: home, Class: sam.ClassPolicy, Code: "AADSTS53003"} }, nil, true},
		"partner blocked":            {func(p *played) { p.token = refused(sam.ClassPolicy, "", "AADSTS530034") }, nil, true},
		"credential":                 {func(p *played) { p.token = refused(sam.ClassCredential, "", "AADSTS7000222") }, nil, true},
		"Azure refuses":              {func(p *played) { p.list = refused(sam.ClassCustomer, sam.NoAzureRBAC, "AuthorizationFailed") }, []string{roleMissing, azureMissing}, false},
		"no consent for Azure":       {func(p *played) { p.list = refused(sam.ClassCustomer, sam.ConsentMissing, "AADSTS65001") }, []string{roleMissing, "access_missing|consent"}, false},
		"Azure later":                {func(p *played) { p.list = passes }, nil, true},
		"no books about what it has": {func(p *played) { p.sold = refused(sam.ClassCustomer, sam.NoReseller, "20002") }, []string{roleMissing}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &played{}
			row.say(p)
			res, err := p.task("health", "directory").Run(t.Context(), visit(p, now, ours))
			var keys []string
			for _, f := range res.Findings {
				keys = append(keys, f.Key)
			}
			slices.Sort(keys)
			slices.Sort(row.want)
			if (err != nil) != row.err || !slices.Equal(keys, row.want) {
				t.Errorf("findings %q, %v; want %q, error: %v", keys, err, row.want, row.err)
			}
		})
	}
}

// A customer that consented itself is in nobody's books.
func TestCustomerOfItsOwn(t *testing.T) {
	t.Parallel()
	p := &played{relations: context.Canceled, groups: context.Canceled}
	res, err := p.task(everything...).Run(t.Context(), visit(p, now, sam.NewConnectionID(customer.Tenant(), ours.Object())))
	if err != nil || len(res.Findings) != 0 || p.reads != 0 {
		t.Errorf("%+v, %v after %d readings", res.Findings, err, p.reads)
	}
	if doc, ok := res.Document.(access.Document); !ok || len(doc.Matrix) == 0 {
		t.Errorf("document %+v", res.Document)
	}
}
