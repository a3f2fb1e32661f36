package vault

import (
	"context"
	"errors"
	"maps"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"

	"github.com/samkeeper/samkeeper/internal/sam"
)

// Entry is one version of a secret that is known by its name: an app
// credential. What its tags mean is its owner's business.
type Entry struct {
	Name        string
	ID          string // the version, 32 hexadecimal digits
	Value       sam.Secret
	ContentType string
	Tags        map[string]string // at most 15, of at most 256 characters
	Expires     time.Time         // zero: not known
	Created     time.Time         // when the vault stored it, in whole seconds
}

// Entry reads the newest version of a secret. The error is ErrAbsent when there
// is no such secret, ErrDisabled when its newest version is switched off.
func (v *Vault) Entry(ctx context.Context, name string) (Entry, error) {
	got, err := v.client.GetSecret(ctx, name, "", nil)
	if err != nil {
		return Entry{}, named(problem("read secret "+name, "", err), name)
	}
	return entryOf(name, got.Secret), nil
}

// PutEntry stores a new version, which is the newest from now on, and returns
// it as the vault has it. ID and Created of the given entry are ignored.
func (v *Vault) PutEntry(ctx context.Context, e Entry) (Entry, error) {
	parameters := azsecrets.SetSecretParameters{
		Value: to.Ptr(e.Value.Reveal()), ContentType: to.Ptr(e.ContentType),
		Tags:             make(map[string]*string, len(e.Tags)),
		SecretAttributes: &azsecrets.SecretAttributes{Enabled: to.Ptr(true)},
	}
	for name, value := range e.Tags {
		parameters.Tags[name] = to.Ptr(cut(value))
	}
	if !e.Expires.IsZero() {
		parameters.SecretAttributes.Expires = to.Ptr(e.Expires.UTC())
	}
	got, err := v.client.SetSecret(ctx, e.Name, parameters, nil)
	if err != nil {
		return Entry{}, named(problem("store secret "+e.Name, "", err), e.Name)
	}
	return entryOf(e.Name, got.Secret), nil
}

// DisableEntry switches one version off. Again is no error.
func (v *Vault) DisableEntry(ctx context.Context, name, id string) error {
	_, err := v.client.UpdateSecretProperties(ctx, name, id, azsecrets.UpdateSecretPropertiesParameters{
		SecretAttributes: &azsecrets.SecretAttributes{Enabled: to.Ptr(false)},
	}, nil)
	if err != nil {
		return named(problem("disable a version of secret "+name, "", err), name)
	}
	return nil
}

// RetireEntries switches every version off but keep.
func (v *Vault) RetireEntries(ctx context.Context, name, keep string) error {
	var failures []error
	pages := v.client.NewListSecretPropertiesVersionsPager(name, nil)
	for pages.More() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return named(problem("list versions of secret "+name, "", err), name)
		}
		for _, s := range page.Value {
			if ver := describe("", s.ID, s.Attributes, nil); ver.Enabled && ver.ID != keep {
				failures = append(failures, v.DisableEntry(ctx, name, ver.ID))
			}
		}
	}
	return errors.Join(failures...)
}

// entryOf converts a bundle that came with its value.
func entryOf(name string, s azsecrets.Secret) Entry {
	ver := describe("", s.ID, s.Attributes, nil)
	e := Entry{Name: name, ID: ver.ID, Created: ver.Created, Expires: ver.Expires}
	if s.Attributes != nil {
		e.Expires = timeOf(s.Attributes.Expires)
	}
	if s.Value != nil {
		e.Value = sam.NewSecret(*s.Value)
	}
	if s.ContentType != nil {
		e.ContentType = *s.ContentType
	}
	e.Tags = make(map[string]string, len(s.Tags))
	for name := range maps.Keys(s.Tags) {
		e.Tags[name] = tag(s.Tags, name)
	}
	return e
}
