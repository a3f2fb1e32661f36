package graph

import (
	"crypto/sha1"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/samkeeper/samkeeper/sim/bearer"
	"github.com/samkeeper/samkeeper/sim/world"
)

// keyCredential is a certificate of the registration. The service shows key
// only where one application is read and keyCredentials is selected.
type keyCredential struct {
	Identifier string    `json:"customKeyIdentifier"`
	Name       string    `json:"displayName"`
	Ends       time.Time `json:"endDateTime"`
	Key        *string   `json:"key"` // base64 of the DER form
	ID         string    `json:"keyId"`
	Starts     time.Time `json:"startDateTime"`
	Type       string    `json:"type"`
	Usage      string    `json:"usage"`
}

type passwordCredential struct {
	Identifier *string   `json:"customKeyIdentifier"`
	Name       string    `json:"displayName"`
	Ends       time.Time `json:"endDateTime"`
	Hint       string    `json:"hint"`
	ID         string    `json:"keyId"`
	Secret     *string   `json:"secretText"` // shown once, by addPassword
	Starts     time.Time `json:"startDateTime"`
}

type application struct {
	ID        string               `json:"id"`
	App       string               `json:"appId"`
	Name      string               `json:"displayName"`
	Keys      []keyCredential      `json:"keyCredentials"`
	Passwords []passwordCredential `json:"passwordCredentials"`
}

// ownsApp admits the app itself to its own registration: an app-only token of
// the partner tenant with the permission to change what it owns.
func (s *Service) ownsApp(caller bearer.Claims) error {
	if caller.Delegated || caller.Tenant != world.PartnerTenantID || caller.App != world.AppID ||
		!slices.Contains(caller.Roles, world.OwnsItself) {
		return denied
	}
	return nil
}

// applications finds registrations by filter; keys are not shown in a list.
func (s *Service) applications(c call) (any, error) {
	wanted, err := parseFilter(c.query.filter, "appId")
	if err != nil {
		return nil, err
	}
	found := s.registration()
	var rows []any
	if wanted.matches(func(string) string { return found.ID }) {
		rows = append(rows, show(found, false))
	}
	return s.list(c, "applications", rows, nil)
}

// application is one registration, with its certificates when they are asked for.
func (s *Service) application(c call) (any, error) {
	found := s.registration()
	if c.PathValue("id") != found.Object {
		return nil, noApplication(c.PathValue("id"))
	}
	return c.query.pick(show(found, slices.Contains(c.query.names, "keyCredentials")))
}

func (s *Service) registration() world.App {
	var app world.App
	s.world.View(func() { app = s.world.Partner().App.Copy() })
	return app
}

func noApplication(id string) refusal {
	return refusal{http.StatusNotFound, "Request_ResourceNotFound", "Resource '" + id + "' does not exist or one of its queried reference-property objects are not present."}
}

func show(app world.App, withKeys bool) application {
	a := application{ID: app.Object, App: app.ID, Name: app.Name, Keys: []keyCredential{}, Passwords: []passwordCredential{}}
	for _, c := range app.Certificates {
		sum := sha1.Sum(c.Certificate.Raw)
		k := keyCredential{
			Identifier: base64.StdEncoding.EncodeToString(sum[:]), Name: c.Name, ID: c.ID,
			Starts: c.Certificate.NotBefore, Ends: c.Certificate.NotAfter, Type: "AsymmetricX509Cert", Usage: "Verify",
		}
		if withKeys {
			der := base64.StdEncoding.EncodeToString(c.Certificate.Raw)
			k.Key = &der
		}
		a.Keys = append(a.Keys, k)
	}
	for _, p := range app.Secrets {
		a.Passwords = append(a.Passwords, passwordCredential{Name: p.Name, Ends: p.Expires, Starts: p.Starts, Hint: p.Value[:3], ID: p.ID})
	}
	return a
}

// patchBody is what may be changed; anything else in it is refused.
type patchBody struct {
	Keys *[]keyCredential `json:"keyCredentials"`
}

// patchApplication replaces the list of certificates: what is left out is gone.
func (s *Service) patchApplication(c call) (any, error) {
	var body patchBody
	if err := decode(c.Request, &body); err != nil {
		return nil, err
	}
	var failed error
	s.world.Change(func(p *world.Partner) {
		if c.PathValue("id") != p.App.Object {
			failed = noApplication(c.PathValue("id"))
			return
		}
		if body.Keys != nil {
			failed = replaceKeys(p.App, *body.Keys, c.now)
		}
	})
	return nil, failed
}

func replaceKeys(app *world.App, wanted []keyCredential, now time.Time) error {
	var next []world.AppCertificate
	for _, k := range wanted {
		at := slices.IndexFunc(app.Certificates, func(c world.AppCertificate) bool { return k.ID != "" && c.ID == k.ID })
		if at >= 0 {
			old := app.Certificates[at]
			if k.Key != nil && *k.Key != base64.StdEncoding.EncodeToString(old.Certificate.Raw) {
				return badRequest("Update to existing credential with KeyId '" + k.ID + "' is not allowed.")
			}
			next = append(next, old)
			continue
		}
		added, err := newKey(k)
		if err != nil {
			return err
		}
		added.Known = now.Add(app.Spread)
		next = append(next, added)
	}
	app.Certificates = next
	return nil
}

func newKey(k keyCredential) (world.AppCertificate, error) {
	if k.Key == nil || k.Type != "AsymmetricX509Cert" || k.Usage != "Verify" {
		return world.AppCertificate{}, badRequest("New key credential values must have key, type 'AsymmetricX509Cert' and usage 'Verify'.")
	}
	der, err := base64.StdEncoding.DecodeString(*k.Key)
	if err != nil {
		return world.AppCertificate{}, badRequest("Key credential is not valid base64.")
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return world.AppCertificate{}, badRequest("Key credential is not a valid certificate.")
	}
	id := k.ID
	if id == "" {
		id = uuid.NewString()
	}
	return world.AppCertificate{ID: id, Name: k.Name, Certificate: certificate}, nil
}

// longestSecret is how far ahead the service lets a secret end.
const longestSecret = 2 * 366 * 24 * time.Hour

// addPassword makes a secret and shows it this once.
func (s *Service) addPassword(c call) (any, error) {
	var body struct {
		Password struct {
			Name string    `json:"displayName"`
			Ends time.Time `json:"endDateTime"`
		} `json:"passwordCredential"`
	}
	if err := decode(c.Request, &body); err != nil {
		return nil, err
	}
	ends := body.Password.Ends
	if ends.IsZero() {
		ends = c.now.AddDate(2, 0, 0)
	}
	if ends.Before(c.now) || ends.After(c.now.Add(longestSecret)) {
		return nil, badRequest("The endDateTime of the password credential is not valid.")
	}
	value := s.world.RandomSecret(30)
	p := passwordCredential{
		Name: body.Password.Name, Ends: ends, Starts: c.now, Hint: value[:3], ID: uuid.NewString(), Secret: &value,
	}
	found := false
	s.world.Change(func(partner *world.Partner) {
		if app := partner.App; c.PathValue("id") == app.Object {
			found = true
			app.Secrets = append(app.Secrets, world.AppSecret{
				ID: p.ID, Name: p.Name, Value: value, Starts: p.Starts, Expires: p.Ends, Known: c.now.Add(app.Spread),
			})
		}
	})
	if !found {
		return nil, noApplication(c.PathValue("id"))
	}
	return p, nil
}

// removePassword ends a secret at once.
func (s *Service) removePassword(c call) (any, error) {
	var body struct {
		ID string `json:"keyId"`
	}
	if err := decode(c.Request, &body); err != nil {
		return nil, err
	}
	removed := false
	s.world.Change(func(partner *world.Partner) {
		app := partner.App
		if c.PathValue("id") != app.Object {
			return
		}
		before := len(app.Secrets)
		app.Secrets = slices.DeleteFunc(app.Secrets, func(p world.AppSecret) bool { return strings.EqualFold(p.ID, body.ID) })
		removed = len(app.Secrets) < before
	})
	if !removed {
		return nil, badRequest("No password credential found with keyId.")
	}
	return nil, nil //nolint:nilnil // 204: done, and nothing to say
}

// decode reads a JSON body strictly.
func decode(r *http.Request, into any) error {
	d := json.NewDecoder(http.MaxBytesReader(nil, r.Body, 1<<20))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return badRequest("The request body could not be read: " + err.Error())
	}
	return nil
}
