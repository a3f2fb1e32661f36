package sam_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/samkeeper/samkeeper/internal/sam"
)

const guid = "0f8fad5b-d9cb-469f-a165-70867728950e"

func TestParseTenantID(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name, in string
		ok       bool
	}{
		{"canonical", guid, true},
		{"upper case", strings.ToUpper(guid), true},
		{"empty", "", false},
		{"braces", "{" + guid + "}", false},
		{"a domain", "contoso.onmicrosoft.com", false},
		{"common", "common", false},
		{"no dashes", strings.ReplaceAll(guid, "-", ""), false},
		{"a dash where a digit belongs", "0f8fad5b-d9cb-469f-a165-70867728950-", false},
		{"a path", "../../../../../../../../../../etc/pass", false},
		{"not ASCII", "0f8fad5b-d9cb-469f-a165-70867728950é", false},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			got, err := sam.ParseTenantID(row.in)
			if row.ok && (err != nil || string(got) != guid) {
				t.Errorf("got %q, %v", got, err)
			}
			if !row.ok && (got != "" || !errors.Is(err, sam.ErrBadID)) {
				t.Errorf("got %q, %v; want ErrBadID", got, err)
			}
		})
	}
}

func TestParseEachID(t *testing.T) {
	t.Parallel()
	object, err1 := sam.ParseObjectID(strings.ToUpper(guid))
	app, err2 := sam.ParseAppID(guid)
	customer, err3 := sam.ParseCustomerID(guid)
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	if string(object) != guid || string(app) != guid || string(customer.Tenant()) != guid {
		t.Errorf("got %q %q %q", object, app, customer)
	}
}

func TestConnectionID(t *testing.T) {
	t.Parallel()
	const other = "1f8fad5b-d9cb-469f-a165-70867728950e"
	id, err := sam.ParseConnectionID(strings.ToUpper(guid) + "." + other)
	if err != nil || id.Tenant() != guid || id.Object() != other {
		t.Fatalf("got %q (%q, %q), %v", id, id.Tenant(), id.Object(), err)
	}
	for _, bad := range []string{"", guid, guid + "." + guid + "." + guid, "." + guid, guid + "."} {
		if id, err := sam.ParseConnectionID(bad); !errors.Is(err, sam.ErrBadID) {
			t.Errorf("%q gave %q, %v", bad, id, err)
		}
	}
}

func FuzzParseConnectionID(f *testing.F) {
	f.Add(guid + "." + guid)
	f.Add(strings.ToUpper(guid) + ".x")
	f.Fuzz(func(t *testing.T, s string) {
		id, err := sam.ParseConnectionID(s)
		if err != nil {
			return
		}
		again, err := sam.ParseConnectionID(string(id))
		if err != nil || again != id || !strings.EqualFold(string(id), s) {
			t.Errorf("%q became %q, then %q, %v", s, id, again, err)
		}
	})
}
