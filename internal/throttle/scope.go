package throttle

import (
	"errors"
	"fmt"
	"strings"

	"github.com/samkeeper/samkeeper/internal/sam"
)

// Kind is one way in which an upstream service counts calls; see rules.
type Kind uint8

// The kinds. The zero Kind counts nothing.
const (
	_                 Kind = iota
	PartnerCenter          // by partner tenant
	PartnerCustomer        // by partner tenant and customer
	Graph                  // by app and tenant
	ARM                    // by principal and subscription, or tenant
	ResourceGraph          // by user and tenant, in a customer's
	ResourceGraphHome      // by user and tenant, in the connection's own: all that is delegated by Lighthouse
	TokenHome              // redemptions by app and tenant, in the connection's own
	Token                  // redemptions by app and tenant, in a customer's
	kinds
)

// String is the kind's name in rows, messages and logs.
func (k Kind) String() string {
	if k == 0 || k >= kinds {
		return "none"
	}
	return rules[k].Name
}

// Limit is what an adapter knows of where a call counts: the kind, and what
// the request's path adds to whose token it is.
type Limit struct {
	Kind Kind
	Part string // customer or subscription; "" when the path names none
}

// Scope is one thing that calls are counted by. It can be compared. The app is
// no part of it, since a storage account serves one app registration.
type Scope struct {
	Kind Kind
	Who  string // partner tenant, tenant or connection
	Part string // customer, subscription or tenant; may be ""
}

// Of completes the limit with the connection whose token it is and the tenant
// the token is for.
func (l Limit) Of(conn sam.ConnectionID, tenant sam.TenantID) Scope {
	s := Scope{Kind: l.Kind, Who: string(tenant), Part: l.Part}
	switch {
	case l.Kind == ARM || l.Kind == ResourceGraph:
		s.Who = string(conn) // the person behind it is the principal
		if l.Part == "" {
			s.Part = string(tenant)
		}
		if l.Kind == ResourceGraph && conn.Tenant() == tenant {
			s.Kind = ResourceGraphHome
		}
	case l.Kind == Token && conn.Tenant() == tenant:
		s.Kind = TokenHome
	}
	return s
}

// whole is the scope that a part belongs to, if there is one.
func (s Scope) whole() (Scope, bool) {
	return Scope{Kind: PartnerCenter, Who: s.Who}, s.Kind == PartnerCustomer
}

// String is "kind/who/part", which ParseScope reads.
func (s Scope) String() string { return s.Kind.String() + "/" + s.Who + "/" + s.Part }

// ErrScope is wrapped by ParseScope's errors.
var ErrScope = errors.New("not a scope")

// maxScopeText bounds the text of a scope: three ids and a name.
const maxScopeText = 200

// ParseScope reads what String wrote. Who and part are of letters, digits,
// dots and dashes.
func ParseScope(text string) (Scope, error) {
	parts := strings.Split(text, "/")
	if len(text) > maxScopeText || len(parts) != 3 || !plain(parts[1]) || !plain(parts[2]) {
		return Scope{}, fmt.Errorf("%w: %.80q", ErrScope, text)
	}
	for k := Kind(1); k < kinds; k++ {
		if rules[k].Name == parts[0] {
			return Scope{k, parts[1], parts[2]}, nil
		}
	}
	return Scope{}, fmt.Errorf("%w: %.80q is of no known kind", ErrScope, text)
}

func plain(id string) bool {
	for _, c := range []byte(id) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '.':
		default:
			return false
		}
	}
	return true
}

// MarshalText writes the scope as in String.
func (s Scope) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText is ParseScope.
func (s *Scope) UnmarshalText(text []byte) error {
	parsed, err := ParseScope(string(text))
	*s = parsed
	return err
}
