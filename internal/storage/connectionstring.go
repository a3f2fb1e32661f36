package storage

import (
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/samkeeper/samkeeper/internal/cloud"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// ErrBadConnectionString is wrapped by every fault of a connection string. No
// fault repeats the string: it holds the account key.
var ErrBadConnectionString = errors.New("not a valid storage connection string")

// The emulator's account. Microsoft publishes name and key; they open nothing
// but an emulator.
const (
	emulatorAccount = "devstoreaccount1"
	emulatorKey     = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
	emulatorHost    = "http://127.0.0.1"
)

// defaultSuffix is the public cloud's, used when the string names none.
func defaultSuffix() string {
	public, _ := cloud.Lookup("public")
	return public.StorageSuffix
}

// Account is what a connection string says. URLs have no trailing slash.
type Account struct {
	Name                        string
	Key                         sam.Secret // base64; empty with SAS
	SAS                         sam.Secret // without "?"; empty with Key
	BlobURL, QueueURL, TableURL string
}

// ParseConnectionString reads a storage connection string as the Azure SDKs
// do: names in any case, values with "=" in them, explicit endpoints before
// derived ones, UseDevelopmentStorage=true for the emulator on its usual ports.
func ParseConnectionString(s string) (Account, error) {
	settings, err := splitSettings(s)
	if err != nil {
		return Account{}, err
	}
	if strings.EqualFold(settings["usedevelopmentstorage"], "true") {
		return emulator(settings["developmentstorageproxyuri"])
	}
	a := Account{
		Name: settings["accountname"],
		Key:  sam.NewSecret(settings["accountkey"]),
		SAS:  sam.NewSecret(strings.TrimPrefix(settings["sharedaccesssignature"], "?")),
	}
	if err := a.checkProof(); err != nil {
		return Account{}, err
	}
	return a.withEndpoints(settings)
}

// splitSettings cuts "Name=value;Name=value"; names are lowered.
func splitSettings(s string) (map[string]string, error) {
	settings := map[string]string{}
	for n, part := range strings.Split(s, ";") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		name, value, ok := strings.Cut(part, "=")
		name = strings.ToLower(strings.TrimSpace(name))
		if !ok || name == "" {
			return nil, fmt.Errorf("part %d is not Name=value: %w", n+1, ErrBadConnectionString)
		}
		if _, twice := settings[name]; twice {
			return nil, fmt.Errorf("%s is given twice: %w", name, ErrBadConnectionString)
		}
		settings[name] = strings.TrimSpace(value)
	}
	if len(settings) == 0 {
		return nil, fmt.Errorf("it is empty: %w", ErrBadConnectionString)
	}
	return settings, nil
}

// checkProof wants a key that decodes, or a shared access signature.
func (a Account) checkProof() error {
	if a.Key.Empty() == a.SAS.Empty() {
		return fmt.Errorf("want either AccountKey or SharedAccessSignature: %w", ErrBadConnectionString)
	}
	if a.Key.Empty() {
		if _, err := url.ParseQuery(a.SAS.Reveal()); err != nil {
			return fmt.Errorf("SharedAccessSignature is not a query string: %w", ErrBadConnectionString)
		}
		return nil
	}
	if a.Name == "" {
		return fmt.Errorf("AccountKey without AccountName: %w", ErrBadConnectionString)
	}
	if _, err := base64.StdEncoding.DecodeString(a.Key.Reveal()); err != nil {
		return fmt.Errorf("AccountKey is not base64: %w", ErrBadConnectionString)
	}
	return nil
}

// withEndpoints takes the explicit endpoints and derives the others.
func (a Account) withEndpoints(settings map[string]string) (Account, error) {
	for service, field := range map[string]*string{"blob": &a.BlobURL, "queue": &a.QueueURL, "table": &a.TableURL} {
		endpoint := settings[service+"endpoint"]
		if endpoint == "" {
			var err error
			if endpoint, err = a.derive(service, settings); err != nil {
				return Account{}, err
			}
		}
		if err := checkEndpoint(endpoint); err != nil {
			return Account{}, fmt.Errorf("%sEndpoint: %w", service, err)
		}
		*field = strings.TrimRight(endpoint, "/")
	}
	return a, nil
}

// derive makes a service's endpoint of the account's name.
func (a Account) derive(service string, settings map[string]string) (string, error) {
	if a.Name == "" {
		return "", fmt.Errorf("neither AccountName nor %sEndpoint: %w", service, ErrBadConnectionString)
	}
	scheme := cmp.Or(settings["defaultendpointsprotocol"], "https")
	host := fmt.Sprintf("%s.%s.%s", a.Name, service, cmp.Or(settings["endpointsuffix"], defaultSuffix()))
	endpoint := scheme + "://" + host
	if u, err := url.Parse(endpoint); err != nil || u.Host != host {
		return "", fmt.Errorf("AccountName and EndpointSuffix do not make a host name: %w", ErrBadConnectionString)
	}
	return endpoint, nil
}

// checkEndpoint wants an absolute http or https URL without a query.
func checkEndpoint(endpoint string) error {
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return fmt.Errorf("want http(s)://host[/account]: %w", ErrBadConnectionString)
	}
	return nil
}

// emulator is the account that UseDevelopmentStorage=true means; a proxy URI
// moves it to another host.
func emulator(proxy string) (Account, error) {
	base := emulatorHost
	if proxy != "" {
		if err := checkEndpoint(proxy); err != nil {
			return Account{}, fmt.Errorf("DevelopmentStorageProxyUri: %w", err)
		}
		base = strings.TrimRight(proxy, "/")
	}
	return Account{
		Name:     emulatorAccount,
		Key:      sam.NewSecret(emulatorKey),
		BlobURL:  base + ":10000/" + emulatorAccount,
		QueueURL: base + ":10001/" + emulatorAccount,
		TableURL: base + ":10002/" + emulatorAccount,
	}, nil
}
