package credential

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/samkeeper/samkeeper/internal/entra"
	"github.com/samkeeper/samkeeper/internal/graph"
	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/vault"
)

// make stores a new candidate.
func (a *attempt) make(ctx context.Context) error {
	if a.what.Kind == Secret {
		return a.makeSecret(ctx)
	}
	return a.makeCertificate(ctx)
}

// application reads the registration, as the app itself.
func (a *attempt) application(ctx context.Context) (graph.Application, error) {
	return a.Registration.Application(ctx, a.token, a.App)
}

// list puts the candidate on the registration, if it is not there, and writes
// down since when it is.
func (a *attempt) list(ctx context.Context) error {
	app, err := a.application(ctx)
	if err != nil {
		return err
	}
	if !a.listed(app) {
		if a.what.Kind == Secret { // removed meanwhile, and its value cannot be put back
			return a.discard(ctx)
		}
		if err := a.addKey(ctx, app); err != nil {
			return err
		}
	}
	return a.save(ctx, func(row *ledger.Credential) {
		row.Candidate, row.ListedAt = a.status.Candidate.ID, a.Now()
	})
}

// listed tells whether the registration knows the candidate.
func (a *attempt) listed(app graph.Application) bool {
	id := a.status.Candidate.ID
	if a.what.Kind == Secret {
		return slices.ContainsFunc(app.Passwords, func(p graph.PasswordCredential) bool { return p.KeyID == id })
	}
	return slices.ContainsFunc(app.Keys, func(k graph.KeyCredential) bool { return thumbprint(k) == id })
}

// prove gets a token of the app itself with the candidate, and puts it in
// place. While Entra has not heard of it everywhere it is refused; then the
// time to look again is returned.
func (a *attempt) prove(ctx context.Context) (time.Time, error) {
	proof, err := a.credential(a.candidate)
	if err != nil {
		return time.Time{}, err
	}
	_, err = a.SignIn.AppToken(ctx, entra.AppRequest{Tenant: a.Tenant, Scope: a.Cloud.GraphScope(), Credential: proof})
	switch {
	case err == nil:
		return time.Time{}, a.promote(ctx)
	case sam.ClassOf(err) != sam.ClassCredential:
		return time.Time{}, err
	case a.Now().Sub(a.status.Row.ListedAt) < giveUp:
		return a.Now().Add(spread), nil
	}
	return time.Time{}, a.refused(ctx, err)
}

// refused discards a candidate that Entra does not come to accept.
func (a *attempt) refused(ctx context.Context, cause error) error {
	p := &sam.Problem{
		Op: "prove the new credential " + a.what.Name, Tenant: a.Tenant, Class: sam.ClassCredential, Code: "candidate_refused",
		Plain: "Entra still refuses the app's new " + string(a.what.Kind) + " a day after it was added; the old one stays in use.",
		Fix:   "Look at the app registration's certificates and secrets; a new one is made by itself.",
	}
	if known := sam.AsProblem(cause); known != nil {
		p.RequestID = known.RequestID
	}
	p.Err = errors.Join(cause, a.discard(ctx))
	return p
}

// credential is how an entry proves the app.
func (a *attempt) credential(e vault.Entry) (entra.AppCredential, error) {
	if a.what.Kind == Secret {
		return entra.SecretCredential(func(context.Context) (sam.Secret, error) { return e.Value, nil }), nil
	}
	certificate, err := open(e, a.Keys)
	if err != nil {
		return nil, err
	}
	return entra.CertificateCredential(entra.CertificateConfig{
		Cloud: a.Cloud, App: a.App, Now: a.Now,
		Read: func(context.Context) (entra.Certificate, error) { return certificate, nil },
	}), nil
}

// promote puts the proved candidate in the place of what is in use. A person
// who stored one there meanwhile is not overwritten.
func (a *attempt) promote(ctx context.Context) error {
	if err := a.audit(ctx, ledger.PhaseIntent, "promote", "the candidate is proved"); err != nil {
		return err
	}
	if err := a.lease.Renew(ctx); err != nil {
		return fmt.Errorf("keep the lease of credential %s until it is put in place: %w", a.what.Name, err)
	}
	_, now, err := a.held(ctx, a.what.Name)
	if err != nil {
		return err
	}
	if now.Version != a.status.Current.Version {
		return a.discard(ctx)
	}
	e := a.candidate
	e.Name = a.what.Name
	e.Tags[tagPromoted] = a.Now().UTC().Format(time.RFC3339)
	if _, err := a.Vault.PutEntry(ctx, e); err != nil {
		return err
	}
	back, err := a.Vault.Entry(ctx, a.what.Name)
	if err != nil {
		return fmt.Errorf("read back credential %s: %w", a.what.Name, err)
	}
	if !back.Value.Equal(e.Value) {
		return fmt.Errorf("credential %s reads back as something else", a.what.Name)
	}
	return a.audit(ctx, ledger.PhaseOutcome, "promote", "in use: version "+back.ID)
}

// settle ends the candidate's own place.
func (a *attempt) settle(ctx context.Context) error {
	if err := a.Vault.DisableEntry(ctx, a.what.next(), a.candidate.ID); err != nil {
		return err
	}
	return a.save(ctx, func(row *ledger.Credential) { row.Candidate, row.ListedAt = "", time.Time{} })
}

// discard takes the candidate off the registration and out of the vault.
func (a *attempt) discard(ctx context.Context) error {
	app, err := a.application(ctx)
	if err != nil {
		return err
	}
	if id := a.status.Candidate.ID; id != "" {
		if err := a.remove(ctx, app, func(other string, _ time.Time) bool { return other == id }); err != nil {
			return err
		}
	}
	return a.settle(ctx)
}

// tidy removes what carries our mark and is not needed.
func (a *attempt) tidy(ctx context.Context) error {
	app, err := a.application(ctx)
	if err != nil {
		return err
	}
	now, current := a.Now(), a.status.Current
	unwanted := func(id string, ends time.Time) bool {
		if current.ID == "" { // stored by hand: it could be any of them
			return ends.Before(now)
		}
		return id != current.ID
	}
	if err := a.remove(ctx, app, unwanted); err != nil {
		return err
	}
	if err := a.Vault.RetireEntries(ctx, a.what.Name, current.Version); err != nil {
		return err
	}
	return a.save(ctx, func(row *ledger.Credential) { row.TidiedAt = a.Now() })
}

// remove takes off the registration what carries our mark and is unwanted.
func (a *attempt) remove(ctx context.Context, app graph.Application, unwanted func(id string, ends time.Time) bool) error {
	if a.what.Kind == Certificate {
		return a.removeKeys(ctx, app, unwanted)
	}
	var failures []error
	for _, p := range app.Passwords {
		if p.Name == a.mark() && unwanted(p.KeyID, p.Ends) {
			failures = append(failures, a.Registration.RemovePassword(ctx, a.token, app.ID, p.KeyID))
		}
	}
	return errors.Join(failures...)
}

func (a *attempt) mark() string { return Mark(a.VaultURL, a.what.Name) }
