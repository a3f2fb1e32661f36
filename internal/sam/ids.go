package sam

import (
	"errors"
	"fmt"
	"strings"
)

// ErrBadID is wrapped by every parse failure of this package.
var ErrBadID = errors.New("not a valid identifier")

// TenantID is an Entra directory: a GUID in lower case with dashes.
// The zero value means "no tenant".
type TenantID string

// ObjectID is a directory object (here: a user) inside a tenant; same form.
type ObjectID string

// AppID is an application (client) id; same form.
type AppID string

// CustomerID is the tenant id of a customer. It is a type of its own so that
// a partner tenant cannot be passed where a customer is meant.
type CustomerID string

// Tenant returns the customer's directory.
func (c CustomerID) Tenant() TenantID { return TenantID(c) }

// ParseTenantID accepts a GUID in any case and returns its canonical form.
func ParseTenantID(s string) (TenantID, error) {
	g, err := parseGUID("tenant id", s)
	return TenantID(g), err
}

// ParseObjectID accepts a GUID in any case and returns its canonical form.
func ParseObjectID(s string) (ObjectID, error) {
	g, err := parseGUID("object id", s)
	return ObjectID(g), err
}

// ParseAppID accepts a GUID in any case and returns its canonical form.
func ParseAppID(s string) (AppID, error) {
	g, err := parseGUID("application id", s)
	return AppID(g), err
}

// ParseCustomerID accepts a GUID in any case and returns its canonical form.
func ParseCustomerID(s string) (CustomerID, error) {
	g, err := parseGUID("customer id", s)
	return CustomerID(g), err
}

// ConnectionID names one connection: "<tenant id>.<user object id>".
// It is safe in table keys, blob names and (with "-" for ".") secret names.
type ConnectionID string

// NewConnectionID joins the two halves.
func NewConnectionID(t TenantID, o ObjectID) ConnectionID {
	return ConnectionID(string(t) + "." + string(o))
}

// ParseConnectionID checks both halves and returns the canonical form.
func ParseConnectionID(s string) (ConnectionID, error) {
	tid, oid, ok := strings.Cut(s, ".")
	if !ok {
		return "", fmt.Errorf("connection id %.80q: want <tenant id>.<object id>: %w", s, ErrBadID)
	}
	t, err := ParseTenantID(tid)
	if err != nil {
		return "", fmt.Errorf("connection id: %w", err)
	}
	o, err := ParseObjectID(oid)
	if err != nil {
		return "", fmt.Errorf("connection id: %w", err)
	}
	return NewConnectionID(t, o), nil
}

// Tenant is the directory the connection's user belongs to.
func (c ConnectionID) Tenant() TenantID {
	t, _, _ := strings.Cut(string(c), ".")
	return TenantID(t)
}

// Object is the connection's user.
func (c ConnectionID) Object() ObjectID {
	_, o, _ := strings.Cut(string(c), ".")
	return ObjectID(o)
}

// parseGUID checks the 8-4-4-4-12 form and lowers the case.
func parseGUID(what, s string) (string, error) {
	if len(s) != 36 {
		return "", fmt.Errorf("%s %.80q: want 36 characters of the form 00000000-0000-0000-0000-000000000000: %w", what, s, ErrBadID)
	}
	for i := range len(s) {
		if !guidByte(i, s[i]) {
			return "", fmt.Errorf("%s %.80q: wrong character at %d: %w", what, s, i+1, ErrBadID)
		}
	}
	return strings.ToLower(s), nil
}

func guidByte(i int, b byte) bool {
	switch i {
	case 8, 13, 18, 23:
		return b == '-'
	}
	return '0' <= b && b <= '9' || 'a' <= b && b <= 'f' || 'A' <= b && b <= 'F'
}
