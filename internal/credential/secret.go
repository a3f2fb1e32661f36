package credential

import (
	"context"
	"errors"
	"fmt"

	"github.com/samkeeper/samkeeper/internal/vault"
)

// makeSecret lets Graph make a secret and stores it as candidate. If it cannot
// be stored it is removed again: nobody will ever know its value.
func (a *attempt) makeSecret(ctx context.Context) error {
	app, err := a.application(ctx)
	if err != nil {
		return err
	}
	made, err := a.Registration.AddPassword(ctx, a.token, app.ID, a.mark(), a.Now().Add(secretLife))
	if err != nil {
		return err
	}
	_, err = a.Vault.PutEntry(ctx, vault.Entry{
		Name: a.what.next(), Value: made.Secret, ContentType: "text/plain",
		Tags: map[string]string{tagKeyID: made.KeyID}, Expires: made.Ends,
	})
	if err == nil {
		return nil
	}
	undo, cancel := aftermath(ctx)
	defer cancel()
	if gone := a.Registration.RemovePassword(undo, a.token, app.ID, made.KeyID); gone != nil {
		return errors.Join(err, fmt.Errorf("take back secret %s, which could not be stored: %w", made.KeyID, gone))
	}
	return err
}
