package vault

import (
	"context"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"

	"github.com/samkeeper/samkeeper/internal/sam"
)

// contentType marks our secrets for people who look at the vault.
const contentType = "application/vnd.refresh-token"

// Vault stores refresh tokens in one Key Vault. It is safe for concurrent use.
type Vault struct {
	client *azsecrets.Client
	now    func() time.Time

	mu       sync.Mutex
	provedAt time.Time // last successful preflight of this process
	stamped  time.Time // last stored-at of this process
}

// New returns a vault over the client. nil now means time.Now.
func New(client *azsecrets.Client, now func() time.Time) *Vault {
	if now == nil {
		now = time.Now
	}
	return &Vault{client: client, now: now}
}

// Current returns the newest enabled version with its token. The error is
// ErrAbsent when the connection has none and ErrDisabled when all are disabled.
func (v *Vault) Current(ctx context.Context, conn sam.ConnectionID) (Version, error) {
	const op = "read refresh token"
	got, err := v.client.GetSecret(ctx, SecretName(conn), "", nil)
	if err == nil {
		return withToken(conn, got.Secret), nil
	}
	p := problem(op, conn.Tenant(), err)
	switch {
	case isAbsent(p):
		return Version{}, v.absent(ctx, op, conn, p)
	case p.Code == codeDisabled:
		return v.newestEnabled(ctx, conn, p)
	}
	return Version{}, p
}

// newestEnabled is Current for a connection whose newest version is disabled.
func (v *Vault) newestEnabled(ctx context.Context, conn sam.ConnectionID, disabled *sam.Problem) (Version, error) {
	all, err := v.Versions(ctx, conn)
	if err != nil {
		return Version{}, err
	}
	for _, known := range all {
		if known.Enabled {
			return v.At(ctx, conn, known.ID)
		}
	}
	return Version{}, disabled
}

// Put stores the token as a new version and returns it as the vault has it,
// without asking the vault again. ID, Expires, Created and Enabled of the given
// version are ignored.
func (v *Vault) Put(ctx context.Context, ver Version) (Version, error) {
	const op = "store refresh token"
	if ver.Token.Empty() {
		return Version{}, emptyToken(op, ver.Connection)
	}
	if ver.RedeemedAt.IsZero() {
		ver.RedeemedAt = v.now()
	}
	got, err := v.client.SetSecret(ctx, SecretName(ver.Connection), azsecrets.SetSecretParameters{
		Value:            to.Ptr(ver.Token.Reveal()),
		ContentType:      to.Ptr(contentType),
		Tags:             tags(ver, v.stamp()),
		SecretAttributes: &azsecrets.SecretAttributes{Enabled: to.Ptr(true), Expires: to.Ptr(ver.RedeemedAt.Add(TokenLife).UTC())},
	}, nil)
	if err != nil {
		return Version{}, problem(op, ver.Connection.Tenant(), err)
	}
	return withToken(ver.Connection, got.Secret), nil
}

// stamp is the time for the tag stored-at: now, but later than any stamp before,
// so that it orders the versions this process writes within one second.
func (v *Vault) stamp() time.Time {
	now := v.now()
	v.mu.Lock()
	defer v.mu.Unlock()
	if !now.After(v.stamped) {
		now = v.stamped.Add(time.Nanosecond)
	}
	v.stamped = now
	return now
}

// At reads one version with its token.
func (v *Vault) At(ctx context.Context, conn sam.ConnectionID, id string) (Version, error) {
	const op = "read one version of the refresh token"
	if id == "" {
		return Version{}, absentVersion(op, conn)
	}
	got, err := v.client.GetSecret(ctx, SecretName(conn), id, nil)
	if err != nil {
		return Version{}, problem(op, conn.Tenant(), err)
	}
	return withToken(conn, got.Secret), nil
}

// Disable switches one version off. Disabling it again is no error.
func (v *Vault) Disable(ctx context.Context, conn sam.ConnectionID, id string) error {
	const op = "disable one version of the refresh token"
	if id == "" {
		return absentVersion(op, conn)
	}
	_, err := v.client.UpdateSecretProperties(ctx, SecretName(conn), id, azsecrets.UpdateSecretPropertiesParameters{
		SecretAttributes: &azsecrets.SecretAttributes{Enabled: to.Ptr(false)},
	}, nil)
	if err != nil {
		return problem(op, conn.Tenant(), err)
	}
	return nil
}

// withToken converts a bundle that came with its value.
func withToken(conn sam.ConnectionID, s azsecrets.Secret) Version {
	ver := describe(conn, s.ID, s.Attributes, s.Tags)
	if s.Value != nil {
		ver.Token = sam.NewSecret(*s.Value)
	}
	return ver
}

// describe converts what a bundle says about itself.
func describe(conn sam.ConnectionID, id *azsecrets.ID, a *azsecrets.SecretAttributes, tags map[string]*string) Version {
	ver := Version{Connection: conn}
	if id != nil {
		ver.ID = id.Version()
	}
	if a != nil {
		ver.Enabled = a.Enabled == nil || *a.Enabled
		ver.Created, ver.Expires = timeOf(a.Created), timeOf(a.Expires)
	}
	readTags(&ver, tags)
	if ver.Expires.IsZero() && !ver.RedeemedAt.IsZero() {
		ver.Expires = ver.RedeemedAt.Add(TokenLife)
	}
	return ver
}

func timeOf(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}
