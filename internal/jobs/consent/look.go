package consent

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/samkeeper/samkeeper/internal/jobs"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/token"
)

// gap is what is missing of a need.
type gap struct {
	Need
	scopes  []string     // the missing permissions
	refusal *sam.Problem // the login's; nil when there is a token that lacks permissions
}

// look is nil when the customer's tenant gives a token with all permissions,
// and the gap otherwise. An error is a refusal for another reason.
func look(ctx context.Context, v jobs.Visit, need Need) (*gap, error) {
	if !v.Doubted {
		g, err := try(ctx, v, need)
		if g == nil || err != nil || g.refusal != nil {
			return g, err
		}
	}
	return try(token.Fresh(ctx), v, need)
}

func try(ctx context.Context, v jobs.Visit, need Need) (*gap, error) {
	got, err := v.Credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{need.Token}})
	if p := sam.AsProblem(err); p != nil && p.Reason == sam.ConsentMissing && p.Class != sam.ClassReconsent {
		return &gap{need, need.Scopes, p}, nil
	}
	if err != nil {
		return nil, err
	}
	if lacking := Lacking(got.Token, need.Scopes); len(lacking) > 0 {
		return &gap{need, lacking, nil}, nil
	}
	return nil, nil //nolint:nilnil // no gap, no error
}

// Lacking lists the delegated permissions that an access token shows not to
// carry; none when it shows nothing.
func Lacking(jwt string, wanted []string) []string {
	held, said := permissions(jwt)
	if !said {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(wanted), func(s string) bool { return contains(held, s) })
}

// maxClaims bounds the claims that are looked at.
const maxClaims = 64 << 10

// permissions reads the scp claim of a JWT. The token is the service's, not
// ours: this is a hint, and nothing is concluded from its absence.
func permissions(jwt string) (held []string, said bool) {
	_, rest, _ := strings.Cut(jwt, ".")
	payload, _, whole := strings.Cut(rest, ".")
	if !whole || len(payload) > maxClaims {
		return nil, false
	}
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(payload, "="))
	if err != nil {
		return nil, false
	}
	var claims struct {
		Scope string `json:"scp"`
	}
	if json.Unmarshal(raw, &claims) != nil || claims.Scope == "" {
		return nil, false
	}
	return strings.Fields(claims.Scope), true
}

// wider are permissions of Graph that contain another one of another name, as
// far as the calls of this program go.
var wider = map[string][]string{
	"organization.read.all": {"directory.read.all", "directory.readwrite.all"},
}

// contains reports whether the permissions held are enough for the one wanted:
// itself, its writing form, or a wider one.
func contains(held []string, wanted string) bool {
	wanted = strings.ToLower(wanted)
	enough := append([]string{wanted, strings.Replace(wanted, ".read.", ".readwrite.", 1)}, wider[wanted]...)
	return slices.ContainsFunc(held, func(h string) bool { return slices.Contains(enough, strings.ToLower(h)) })
}
