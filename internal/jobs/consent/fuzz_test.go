package consent_test

import (
	"testing"

	"github.com/samkeeper/samkeeper/internal/sam"
)

// Whatever a login gives out as a token: the consent counts as there, or as
// lacking permissions, and nothing else happens.
func FuzzToken(f *testing.F) {
	f.Add("opaque")
	f.Add(jwt(map[string]any{"scp": "Organization.Read.All User.Read"}))
	f.Add(jwt(map[string]any{"scp": "User.Read"}))
	f.Add(jwt(map[string]any{"scp": []int{1}}))
	f.Add("e30.e30=.x")
	f.Fuzz(func(t *testing.T, token string) {
		b := newBench(graph)
		b.entries[graph.Token] = []entry{{scopes: []string{"User.Read"}}}
		v := b.visit()
		v.Credential = constant(token)
		_, err := b.Run(t.Context(), v)
		p := sam.AsProblem(err)
		if err != nil && (p == nil || p.Code != "ScopeMissing") || (err != nil) != (len(b.sent) == 1) {
			t.Errorf("%v, sent %+v", err, b.sent)
		}
	})
}
