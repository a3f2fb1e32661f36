package access_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/internal/jobs/access"
	"github.com/samkeeper/samkeeper/internal/sam"
)

var now = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

const (
	readers  = "88d8e3e3-8f55-4a1e-953a-9b9898b8876b"
	global   = "f2ef992c-3afb-46b9-b7cf-a126ee74c451"
	appAdmin = "158c047a-c907-4556-b7ef-446551a6b5f7"
	day      = 24 * time.Hour
)

var everything = []string{"consent", "subscriptions", "health", "alerts", "directory", "access"}

// lasting is a relationship that gives the operators all that is needed.
func lasting() access.Relation {
	return access.Relation{
		ID: "r1", Name: "Contoso one", Ends: now.Add(400 * day), Roles: []string{global, readers, appAdmin}, AssignedKnown: true,
		Assigned: []access.Assigned{
			{Group: "desk", Roles: []string{global, readers, appAdmin}}, {Group: "ops", Roles: []string{readers, appAdmin}},
		},
	}
}

// sound are the facts of a customer at which nothing is missing.
func sound() access.Facts {
	return access.Facts{
		Relations: []access.Relation{lasting()}, RelationsKnown: true, GroupsKnown: true,
		Groups:  []access.Group{{ID: "adm", Name: "AdminAgents"}, {ID: "ops", Name: "Operators"}},
		Consent: map[access.Resource]access.State{access.Graph: access.Present, access.ARM: access.Present},
		Azure:   access.Present,
	}
}

// found are the findings as "severity key: tasks".
func found(tasks []string, f access.Facts) []string {
	var all []string
	for _, f := range access.Findings(now, access.Evaluate(now, tasks, f)) {
		all = append(all, string(f.Severity)+" "+f.Key+": "+strings.TrimPrefix(f.Detail, "Needed by: "))
	}
	return all
}

func TestFindings(t *testing.T) {
	t.Parallel()
	const azure = "subscriptions, health, alerts"
	for name, row := range map[string]struct {
		tasks  []string
		change func(*access.Facts)
		want   []string
	}{
		"nothing is missing": {everything, func(*access.Facts) {}, nil},
		"no relationship": {everything, func(f *access.Facts) { f.Relations = nil },
			[]string{"high access_missing|relationship: consent, " + azure + ", directory."}},
		"book of relationships closed": {everything, func(f *access.Facts) { f.Relations, f.RelationsKnown = nil, false }, nil},
		"book closed, no consent either": {everything, func(f *access.Facts) {
			f.Relations, f.RelationsKnown = nil, false
			f.Consent[access.Graph], f.Consent[access.ARM], f.Azure = access.Missing, access.Missing, access.Unknown
		}, []string{"high access_missing|consent: " + azure + ", directory."}},
		"assigned to others only": {everything, func(f *access.Facts) { f.Relations[0].Assigned = f.Relations[0].Assigned[:1] },
			[]string{"high access_missing|assignment: consent, " + azure + ", directory."}},
		"taken out of the group": {everything, func(f *access.Facts) { f.Groups = f.Groups[:1] },
			[]string{"high access_missing|assignment: consent, " + azure + ", directory."}},
		"groups not known": {everything, func(f *access.Facts) { f.Groups, f.GroupsKnown = nil, false }, nil},
		"assignments not known": {everything, func(f *access.Facts) {
			f.Relations[0].Assigned, f.Relations[0].AssignedKnown = nil, false
		}, nil},
		"no role for the directory": {everything, func(f *access.Facts) { f.Relations[0].Assigned[1].Roles = []string{appAdmin} },
			[]string{"medium access_missing|role|directory: directory."}},
		"another role for the directory": {everything, func(f *access.Facts) { f.Relations[0].Assigned[1].Roles = []string{appAdmin, global} }, nil},
		"no role for the consent": {everything, func(f *access.Facts) { f.Relations[0].Assigned[1].Roles = []string{readers} },
			[]string{"low access_missing|role|consent: consent."}},
		"nobody consents": {[]string{"directory"}, func(f *access.Facts) { f.Relations[0].Assigned[1].Roles = []string{readers} }, nil},
		"no consent": {everything, func(f *access.Facts) {
			f.Consent[access.Graph], f.Consent[access.ARM], f.Azure = access.Missing, access.Missing, access.Unknown
		}, []string{"high access_missing|consent: " + azure + ", directory."}},
		"no consent for Azure": {everything, func(f *access.Facts) {
			f.Consent[access.ARM], f.Azure = access.Missing, access.Unknown
		}, []string{"high access_missing|consent: " + azure + "."}},
		"no right in Azure": {everything, func(f *access.Facts) { f.Azure = access.Missing },
			[]string{"medium access_missing|azure: " + azure + "."}},
		"one Azure task only": {[]string{"health"}, func(f *access.Facts) { f.Azure = access.Missing },
			[]string{"medium access_missing|azure: health."}},
		"no Azure":      {everything, func(f *access.Facts) { f.Azure = access.NotNeeded }, nil},
		"by Lighthouse": {everything, func(f *access.Facts) { f.Lighthouse = true }, nil},
		"policy in the way": {everything, func(f *access.Facts) {
			f.Consent, f.Azure = map[access.Resource]access.State{access.Graph: access.Unknown}, ""
		}, nil},
		"customer of its own": {everything, func(f *access.Facts) { f.Direct, f.Relations, f.RelationsKnown = true, nil, false }, nil},
		"two things at once": {everything, func(f *access.Facts) {
			f.Relations[0].Ends = now.Add(80 * day)
			f.Relations[0].Assigned[1].Roles = []string{appAdmin}
			f.Azure = access.Missing
		}, []string{
			"low access_ending|relationship|r1: consent, " + azure + ", directory.",
			"medium access_missing|azure: " + azure + ".",
			"medium access_missing|role|directory: directory.",
		}},
		"a task nobody knows": {[]string{"tea"}, func(f *access.Facts) { f.Relations = nil }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := sound()
			row.change(&f)
			if got := found(row.tasks, f); !slices.Equal(got, row.want) {
				t.Errorf("got  %q\nwant %q", got, row.want)
			}
		})
	}
}

// A relationship that ends is one finding, whatever depends on it, and the
// severity rises; a longer one that gives the same takes the worry away.
func TestEndings(t *testing.T) {
	t.Parallel()
	longer := func(change func(*access.Relation)) func(*access.Facts) {
		return func(f *access.Facts) {
			f.Relations[0].Ends = now.Add(10 * day)
			other := lasting()
			other.ID, other.Name = "r2", "Contoso two"
			change(&other)
			f.Relations = append(f.Relations, other)
		}
	}
	ends := func(d time.Duration) func(*access.Facts) {
		return func(f *access.Facts) { f.Relations[0].Ends = now.Add(d) }
	}
	for name, row := range map[string]struct {
		change func(*access.Facts)
		want   []string
	}{
		"in 91 days":  {ends(91 * day), nil},
		"in 90 days":  {ends(90 * day), []string{"low access_ending|relationship|r1"}},
		"in 30 days":  {ends(30 * day), []string{"medium access_ending|relationship|r1"}},
		"in 7 days":   {ends(7 * day), []string{"high access_ending|relationship|r1"}},
		"in a day":    {ends(day), []string{"critical access_ending|relationship|r1"}},
		"since a day": {ends(-day), []string{"critical access_ending|relationship|r1"}},
		"extends itself": {func(f *access.Facts) {
			f.Relations[0].Ends, f.Relations[0].Extends = now.Add(day), true
		}, nil},
		"no end known":                  {func(f *access.Facts) { f.Relations[0].Ends = time.Time{} }, nil},
		"a longer one":                  {longer(func(*access.Relation) {}), nil},
		"a longer one, not assigned":    {longer(func(r *access.Relation) { r.Assigned = nil }), []string{"medium access_ending|relationship|r1"}},
		"a longer one with fewer roles": {longer(func(r *access.Relation) { r.Assigned[1].Roles = []string{appAdmin} }), []string{"medium access_ending|relationship|r1"}},
		"both end": {longer(func(r *access.Relation) { r.Ends, r.Assigned[1].Roles = now.Add(60*day), []string{appAdmin} }),
			[]string{"low access_ending|relationship|r2", "medium access_ending|relationship|r1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := sound()
			row.change(&f)
			got := found(everything, f)
			for i := range got {
				got[i], _, _ = strings.Cut(got[i], ":")
			}
			slices.Sort(got)
			if !slices.Equal(got, row.want) {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
}

// The fix is the smallest one, names what to touch, and says whose turn it is.
func TestFixes(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		change func(*access.Facts)
		owner  sam.Owner
		says   []string
	}{
		"no relationship": {func(f *access.Facts) { f.Relations = nil }, sam.OwnerCustomer, []string{"GDAP request", "Directory Readers", "approves"}},
		"approved, not assigned": {func(f *access.Facts) { f.Relations[0].Assigned[1].Roles = []string{appAdmin} }, sam.OwnerPartner,
			[]string{"Assign the role Directory Readers", "“Operators”", "“Contoso one”", "approved it already"}},
		"a greater role is approved": {func(f *access.Facts) {
			f.Relations[0].Roles, f.Relations[0].Assigned[1].Roles = []string{global, appAdmin}, []string{appAdmin}
		}, sam.OwnerPartner, []string{"Assign the role Global Reader"}},
		"not approved": {func(f *access.Facts) {
			f.Relations[0].Roles, f.Relations[0].Assigned[1].Roles = []string{appAdmin}, []string{appAdmin}
		}, sam.OwnerPartner, []string{"GDAP request", "Directory Readers, the least that suffices"}},
		"not assigned": {func(f *access.Facts) { f.Relations[0].Assigned = nil }, sam.OwnerPartner, []string{"Assign a security group of the integration account (“Operators”) to the relationship “Contoso one”"}},
		"in no group":  {func(f *access.Facts) { f.Groups = f.Groups[:1] }, sam.OwnerPartner, []string{"into the group desk"}},
		"names of groups not known": {func(f *access.Facts) {
			f.Groups, f.Relations[0].Assigned = []access.Group{{ID: "4711"}}, nil
		}, sam.OwnerPartner, []string{"“4711”"}},
		"no consent": {func(f *access.Facts) { f.Consent[access.Graph] = access.Missing }, sam.OwnerPartner, []string{"Cloud Application Administrator"}},
		"a consent that is too narrow": {func(f *access.Facts) {
			f.Consent[access.Graph], f.Lacking = access.Missing, []string{"Organization.Read.All"}
		}, sam.OwnerCustomer,
			[]string{"again", "Organization.Read.All"}},
		"no consent of its own": {func(f *access.Facts) { f.Direct, f.Consent[access.Graph] = true, access.Missing }, sam.OwnerCustomer,
			[]string{"signs in again"}},
		"agent without rights":      {func(f *access.Facts) { f.Azure = access.Missing }, sam.OwnerCustomer, []string{"Reader", "Lighthouse"}},
		"not nested":                {func(f *access.Facts) { f.Azure, f.Groups = access.Missing, f.Groups[1:] }, sam.OwnerPartner, []string{"Nest", "“Operators”", "Admin agents"}},
		"whether nested, who knows": {func(f *access.Facts) { f.Azure, f.Groups = access.Missing, []access.Group{{ID: "ops"}} }, sam.OwnerCustomer, []string{"Reader"}},
		"ends":                      {func(f *access.Facts) { f.Relations[0].Ends = now.Add(day) }, sam.OwnerPartner, []string{"auto extend", "“Contoso one”"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := sound()
			row.change(&f)
			all := access.Findings(now, access.Evaluate(now, everything, f))
			if len(all) != 1 {
				t.Fatalf("findings %+v", all)
			}
			got := all[0]
			if got.Owner != row.owner || !strings.HasPrefix(got.Link, "https://") || got.Title == "" || strings.Count(got.Fix, ". ") != 0 {
				t.Errorf("owner %s, link %s, title %q, fix %q", got.Owner, got.Link, got.Title, got.Fix)
			}
			for _, words := range row.says {
				if !strings.Contains(got.Fix, words) {
					t.Errorf("the fix does not say %q: %s", words, got.Fix)
				}
			}
		})
	}
}

// Every need of every task appears in the matrix, once.
func TestMatrixIsWhole(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]access.Facts{"sound": sound(), "nothing known": {}, "of its own": {Direct: true}} {
		i := 0
		matrix := access.Evaluate(now, everything, f)
		for _, task := range access.Table {
			for _, n := range task.Needs {
				if i >= len(matrix) || matrix[i].Task != task.Task || matrix[i].Permission != n.Permission || matrix[i].State == "" {
					t.Fatalf("%s: need %d is %+v", name, i, n)
				}
				if n.Source == "" || len(n.Kinds) == 0 || (n.Resource != "") != (n.Permission == access.Consent) {
					t.Errorf("need %+v is not whole", n)
				}
				i++
			}
		}
		if i != len(matrix) {
			t.Errorf("%s: %d needs, %d verdicts", name, i, len(matrix))
		}
	}
	for _, v := range access.Evaluate(now, everything, sound()) {
		if v.State != access.Present || v.Fix != "" {
			t.Errorf("%+v", v)
		}
	}
}
