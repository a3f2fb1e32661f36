package world

import "strings"

var givenNames = []string{
	"Ada", "Amir", "Anna", "Ben", "Carla", "Chen", "Daniel", "Elena", "Emil", "Fatima", "Felix", "Grace", "Hana", "Ivo",
	"Jana", "Jonas", "Kofi", "Lea", "Luca", "Maria", "Mila", "Noah", "Olga", "Omar", "Paul", "Priya", "Rosa", "Samir",
	"Sofia", "Tom", "Uma", "Viktor", "Wanda", "Yara", "Zoe",
}

var familyNames = []string{
	"Abel", "Bauer", "Costa", "Dubois", "Eriksen", "Fischer", "Garcia", "Haas", "Ilic", "Jansen", "Keller", "Laurent",
	"Meyer", "Novak", "Okafor", "Peters", "Quist", "Rossi", "Silva", "Tanaka", "Urban", "Vogel", "Weber", "Young", "Zeman",
}

// Members are the accounts of the customer's directory: its administrator and
// UserCount-1 more. They are derived, not stored.
func (c *Customer) Members() []User {
	members := make([]User, 0, c.UserCount)
	members = append(members, customerAdmin(c))
	for len(members) < c.UserCount {
		members = append(members, c.member(len(members)))
	}
	return members
}

// member is the same person for the same tenant and number. Names may repeat,
// so a letter for the number joins the mail address.
func (c *Customer) member(at int) User {
	id := DerivedID(c.TenantID, "member", string(rune('0'+at)))
	given := givenNames[(int(id[0])*31+int(id[1])*7+int(id[2]))%len(givenNames)]
	family := familyNames[(int(id[3])*31+int(id[4])*7+int(id[5]))%len(familyNames)]
	upn := strings.ToLower(given+"."+family) + string(rune('a'+at%26)) + "@" + c.Domain
	return User{Tenant: c.TenantID, Object: id, UPN: upn, Given: given, Family: family, Name: given + " " + family}
}
