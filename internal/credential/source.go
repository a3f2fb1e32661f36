package credential

import (
	"context"
	"errors"

	"github.com/samkeeper/samkeeper/internal/entra"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/vault"
)

// Reader reads what is in use; *vault.Vault is one.
type Reader interface {
	Entry(ctx context.Context, name string) (vault.Entry, error)
}

// Source gives out the credential in use, for package entra.
type Source struct {
	Vault Reader
	Keys  Keys
	Name  string // of the vault's secret
}

// Certificate reads the certificate in use. That there is none is a matter of
// the credential, which the next one on the ladder can make good.
func (s Source) Certificate(ctx context.Context) (entra.Certificate, error) {
	e, err := s.entry(ctx)
	if err != nil {
		return entra.Certificate{}, err
	}
	return open(e, s.Keys)
}

// Secret reads the client secret in use.
func (s Source) Secret(ctx context.Context) (sam.Secret, error) {
	e, err := s.entry(ctx)
	return e.Value, err
}

func (s Source) entry(ctx context.Context) (vault.Entry, error) {
	e, err := s.Vault.Entry(ctx, s.Name)
	if !missing(err) {
		return e, err
	}
	p := sam.Problem{Op: "read the app's credential"}
	if known := sam.AsProblem(err); known != nil {
		p = *known
	}
	p.Class = sam.ClassCredential
	return vault.Entry{}, &p
}

// missing tells that there is no such entry, or none that is switched on.
func missing(err error) bool {
	return errors.Is(err, vault.ErrAbsent) || errors.Is(err, vault.ErrDisabled)
}
