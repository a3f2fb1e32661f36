package access

import (
	"fmt"
	"slices"
	"strings"

	"github.com/samkeeper/samkeeper/internal/sam"
)

// reasons are the access states that the permissions stand for elsewhere; the
// link is the one given there.
var reasons = map[Permission]sam.Reason{
	Relationship: sam.NoGDAP, Assignment: sam.RoleInsufficient, DirectoryRole: sam.RoleInsufficient,
	ConsentRole: sam.RoleInsufficient, Consent: sam.ConsentMissing, Azure: sam.NoAzureRBAC,
}

// advise fills in the smallest fix, whose turn it is, and where to read more.
func (v *Verdict) advise(n Need, f Facts, tasks []string) {
	v.Link = sam.Advise(sam.ClassCustomer, reasons[n.Permission], "", false).Link
	v.Owner = sam.OwnerPartner
	if v.State == Ending {
		v.Link = sam.Advise(sam.ClassCustomer, sam.NoGDAP, "", false).Link
		v.Fix = fmt.Sprintf("Switch on auto extend for the relationship %s in Partner Center; where it carries Global Administrator, which rules that out, "+
			"send the customer a new request without that role.", quoted(v.name))
		return
	}
	switch n.Permission {
	case Relationship:
		v.Fix = "Send a GDAP request with the role " + directoryReaders.Name + " from Partner Center; the customer's administrator approves it."
		v.Owner = sam.OwnerCustomer
	case Assignment:
		v.Fix = f.assignAny()
	case DirectoryRole, ConsentRole:
		v.Fix = f.assign(n.AnyOf)
	case Consent:
		v.Fix = f.consent(tasks)
		if f.Direct || len(f.Lacking) > 0 {
			v.Owner = sam.OwnerCustomer
		}
	case Azure:
		v.Fix, v.Owner = f.openAzure()
	}
}

// assignAny says how the account comes by any role of the relationships there
// are.
func (f Facts) assignAny() string {
	fix := fmt.Sprintf("Assign %s to the relationship %s in Partner Center", f.group(Relation{}), quoted(f.Relations[0].Name))
	for _, r := range f.Relations {
		if len(r.Assigned) > 0 {
			return fix + ", or put the integration account into the group " + r.Assigned[0].Group + ", which is assigned already."
		}
	}
	return fix + "."
}

// assign says how the account comes by one of the roles: by an assignment,
// where the customer has approved it, else by a new request.
func (f Facts) assign(anyOf []Role) string {
	for _, role := range anyOf {
		for _, r := range f.Relations {
			if slices.Contains(r.Roles, role.ID) {
				return fmt.Sprintf("Assign the role %s to %s in the relationship %s; the customer has approved it already.", role.Name, f.group(r), quoted(r.Name))
			}
		}
	}
	return fmt.Sprintf("Send the customer a GDAP request with the role %s, the least that suffices, and assign it to %s when it is approved.",
		anyOf[0].Name, f.group(Relation{}))
}

// agents are the groups that Partner Center makes; no relationship should be
// assigned to them.
var agents = []string{"adminagents", "helpdeskagents", "salesagents"}

// group names the security group of the account to assign a role to: one that
// the relationship knows already, else the first by name.
func (f Facts) group(r Relation) string {
	var own []string
	for _, g := range f.Groups {
		if slices.ContainsFunc(f.mine(r), func(a Assigned) bool { return a.Group == g.ID }) {
			return "the security group " + quoted(nameOf(g))
		}
		if !slices.Contains(agents, strings.ToLower(strings.ReplaceAll(g.Name, " ", ""))) {
			own = append(own, nameOf(g))
		}
	}
	if len(own) > 0 {
		return "a security group of the integration account (" + quoted(slices.Min(own)) + ")"
	}
	return "a security group, and put the integration account into it"
}

func nameOf(g Group) string {
	if g.Name == "" {
		return g.ID
	}
	return g.Name
}

func quoted(name string) string { return "“" + name + "”" }

func (f Facts) consent(tasks []string) string {
	switch {
	case len(f.Lacking) > 0:
		return "The customer's administrator consents to the app again, since the consent there is does not cover " + strings.Join(f.Lacking, ", ") + "."
	case f.Direct:
		return "The customer's administrator opens the consent page and signs in again."
	case slices.Contains(tasks, "consent"):
		return "samkeeper gives the consent itself as soon as the account has the role " + cloudAppAdmin.Name +
			" here; otherwise the customer's administrator consents to the app."
	}
	return "Consent the app for this customer through Partner Center's application consents, or let the customer's administrator consent to it."
}

// openAzure is the smallest way into the customer's Azure: being an admin
// agent, who owns what the partner sold; if the account is one, the customer
// has taken that away or never gave it, and only the customer can give.
func (f Facts) openAzure() (fix string, owner sam.Owner) {
	agent := slices.ContainsFunc(f.Groups, func(g Group) bool {
		return strings.EqualFold(strings.ReplaceAll(g.Name, " ", ""), agents[0])
	})
	named := slices.ContainsFunc(f.Groups, func(g Group) bool { return g.Name != "" })
	if f.GroupsKnown && named && !agent {
		return "Nest " + f.group(Relation{}) + " under Admin agents, which owns the Azure subscriptions that the partner made.", sam.OwnerPartner
	}
	return "The customer gives Admin agents of the partner the role Reader on its subscriptions again, or delegates them to the partner with Azure Lighthouse.",
		sam.OwnerCustomer
}
