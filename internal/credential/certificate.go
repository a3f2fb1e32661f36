package credential

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"slices"
	"time"

	"github.com/samkeeper/samkeeper/internal/entra"
	"github.com/samkeeper/samkeeper/internal/graph"
	"github.com/samkeeper/samkeeper/internal/vault"
)

// makeCertificate stores a new certificate as candidate. Nobody trusts it yet,
// so that there is nothing to take back when storing fails.
func (a *attempt) makeCertificate(ctx context.Context) error {
	e := vault.Entry{
		Name: a.what.next(), ContentType: pemContent, Tags: map[string]string{},
		Expires: a.Now().Add(certificateLife),
	}
	der, key, err := a.newCertificate(ctx, e.Tags)
	if err != nil {
		return fmt.Errorf("make a certificate for %s: %w", a.what.Name, err)
	}
	if e.Value, err = writePEM(der, key); err != nil {
		return fmt.Errorf("encode the certificate for %s: %w", a.what.Name, err)
	}
	_, err = a.Vault.PutEntry(ctx, e)
	return err
}

// newCertificate makes key and certificate. A key that stays in the vault is
// not returned; the tags then say which it is.
func (a *attempt) newCertificate(ctx context.Context, tags map[string]string) ([]byte, *rsa.PrivateKey, error) {
	if a.what.InVault {
		key, err := a.Keys.Create(ctx, a.what.Name)
		if err != nil {
			return nil, nil, err
		}
		tags[tagKey], tags[tagKeyVer] = key.Name, key.Version
		der, err := selfSign(remoteSigner{ctx, remote{a.Keys, key}}, a.Now())
		return der, nil, err
	}
	key, err := a.NewKey()
	if err != nil {
		return nil, nil, err
	}
	der, err := selfSign(key, a.Now())
	return der, key, err
}

// addKey puts the candidate beside all certificates of the registration.
func (a *attempt) addKey(ctx context.Context, app graph.Application) error {
	candidate, err := open(a.candidate, a.Keys)
	if err != nil {
		return err
	}
	added, err := graph.NewKey(a.mark(), candidate.X509.Raw, candidate.X509.NotBefore, candidate.X509.NotAfter)
	if err != nil {
		return fmt.Errorf("encode the certificate %s: %w", a.what.Name, err)
	}
	return a.Registration.ReplaceKeys(ctx, a.token, app.ID, append(slices.Clip(app.Keys), added))
}

// removeKeys leaves out what carries our mark and is unwanted.
func (a *attempt) removeKeys(ctx context.Context, app graph.Application, unwanted func(id string, ends time.Time) bool) error {
	kept := slices.DeleteFunc(slices.Clone(app.Keys), func(k graph.KeyCredential) bool {
		return k.Name == a.mark() && unwanted(thumbprint(k), k.Ends)
	})
	if len(kept) == len(app.Keys) {
		return nil
	}
	return a.Registration.ReplaceKeys(ctx, a.token, app.ID, kept)
}

// thumbprint names a certificate of the registration as the vault's are named.
func thumbprint(k graph.KeyCredential) string { return entra.Thumbprint(&x509.Certificate{Raw: k.DER}) }
