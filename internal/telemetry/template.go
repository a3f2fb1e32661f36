package telemetry

import (
	"regexp"
	"strings"
)

// blankPart stands for a part of a path that names one thing.
const blankPart = "{}"

// word is a part that can only be a name out of an API's documentation: short,
// of letters, dots and dashes, or a version. Ids, hashes and tokens have
// digits.
var word = regexp.MustCompile(`^(?:oauth2|v[0-9]{1,2}(?:\.[0-9]{1,2})*|\.?[A-Za-z][A-Za-z-]*(?:\.[A-Za-z-]+)*)$`)

// longestWord among the APIs we call is "delegatedAdminRelationships".
const longestWord = 40

// collections hold things that people name: the part after one is never shown.
var collections = map[string]bool{
	"subscriptions": true, "resourcegroups": true, "secrets": true, "keys": true, "certificates": true,
	"customers": true, "applications": true, "serviceprincipals": true, "tenants": true,
}

// PathTemplate is an escaped request path with "{}" for every part that names
// one thing: a tenant, a subscription, a secret, a version, a table's row. It
// keeps words only, so that the number of templates is bounded and neither a
// customer nor a credential shows in one. Below "providers" the parts of Azure
// Resource Manager alternate: namespace, type, name, type, name.
func PathTemplate(path string) string {
	parts := strings.Split(path, "/")
	level, previous := outside, ""
	for i, part := range parts {
		if part == "" {
			continue
		}
		level = level.next(part)
		parts[i] = blanked(part, collections[previous] || level.named())
		previous = strings.ToLower(part)
	}
	return strings.Join(parts, "/")
}

// blanked is one part; a table's row, Runs(PartitionKey='…'), keeps its table.
func blanked(part string, named bool) string {
	name, row, _ := strings.Cut(part, "(")
	if named || len(name) > longestWord || !word.MatchString(name) {
		name = blankPart
	}
	if row != "" {
		name += "()"
	}
	return name
}

// armLevel is where in a path of Azure Resource Manager a part stands: 1 is
// "providers", 2 the namespace, then types (odd) and names (even).
type armLevel int

const outside armLevel = 0

func (l armLevel) next(part string) armLevel {
	switch {
	case strings.EqualFold(part, "providers"):
		return 1
	case l == outside:
		return outside
	}
	return l + 1
}

func (l armLevel) named() bool { return l >= 4 && l%2 == 0 }
