package world

import (
	"crypto/sha256"
	"strings"

	"github.com/google/uuid"
)

// Users lists copies of the accounts whose home is tenant: the partner's
// people, or the one administrator every customer has. Locks.
func (w *World) Users(tenant string) []User {
	if c, ok := w.Customer(tenant); ok {
		return []User{customerAdmin(c)}
	}
	switch tenant {
	case PartnerTenantID:
	case SecondPartnerTenantID:
		return []User{secondPartnerUser()}
	default:
		return nil
	}
	var users []User
	w.View(func() {
		for _, u := range w.partner.Users {
			users = append(users, *u)
		}
	})
	return users
}

// User finds a copy of an account by home tenant and by object id or UPN.
// Locks.
func (w *World) User(tenant, who string) (User, bool) {
	for _, u := range w.Users(tenant) {
		if u.Object == who || strings.EqualFold(u.UPN, who) {
			return u, true
		}
	}
	return User{}, false
}

// ChangeUser changes an account of the partner tenant; false when there is
// none with that object id or UPN. Locks.
func (w *World) ChangeUser(who string, change func(*User)) bool {
	found := false
	w.Change(func(p *Partner) {
		for _, u := range p.Users {
			if u.Object == who || strings.EqualFold(u.UPN, who) {
				change(u)
				found = true
			}
		}
	})
	return found
}

// TenantByName resolves a tenant segment of a URL: a tenant id, or a verified
// domain. No lock.
func (w *World) TenantByName(name string) (string, bool) {
	name = strings.ToLower(name)
	if name == PartnerTenantID || name == partnerDomain {
		return PartnerTenantID, true
	}
	if name == SecondPartnerTenantID || name == SecondPartnerDomain {
		return SecondPartnerTenantID, true
	}
	if _, ok := w.places[name]; ok {
		return name, true
	}
	if !strings.Contains(name, ".") {
		return "", false
	}
	for _, c := range w.Customers() {
		if strings.EqualFold(c.Domain, name) {
			return c.TenantID, true
		}
	}
	return "", false
}

// customerAdmin is derived, not stored: the same person for the same tenant.
func customerAdmin(c *Customer) User {
	return User{
		Tenant: c.TenantID, Object: DerivedID(c.TenantID, "admin"), UPN: "admin@" + c.Domain,
		Given: "Alex", Family: "Admin", Name: "Alex Admin", MFA: true, Admin: true,
	}
}

// DerivedID is a GUID that depends on parts alone: the same parts, the same id.
func DerivedID(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	id, err := uuid.FromBytes(sum[:16])
	if err != nil {
		return uuid.Nil.String()
	}
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return id.String()
}
