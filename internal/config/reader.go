package config

import (
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/samkeeper/samkeeper/internal/cloud"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// KnownTasks are the tasks a job can do.
var KnownTasks = []string{taskConsent, "subscriptions", "health", "alerts", "directory", "access"}

// taskConsent is the one that a switch of its own takes out.
const taskConsent = "consent"

// reader reads settings and collects faults instead of stopping at the first.
type reader struct {
	env    func(string) string
	faults []Fault
}

// value is the trimmed setting or its default.
func (r *reader) value(name string) string {
	if v := strings.TrimSpace(r.env(name)); v != "" {
		return v
	}
	return defaultOf(name)
}

func (r *reader) fault(setting, plain, fix string) {
	r.faults = append(r.faults, Fault{setting, plain, fix})
}

// required is value, with a fault when there is none.
func (r *reader) required(name, fix string) (string, bool) {
	v := r.value(name)
	if v == "" {
		r.fault(name, "is missing", fix)
	}
	return v, v != ""
}

func (r *reader) port(name string) int {
	v, ok := r.required(name, "the Functions host sets it; to start the handler by hand put a free port there, for example 7072")
	if !ok {
		return 0
	}
	port, err := strconv.Atoi(v)
	if err != nil || port < 1 || port > 65535 {
		r.fault(name, fmt.Sprintf("is %.20q, which is no port", v), "put a number from 1 to 65535 there")
		return 0
	}
	return port
}

func (r *reader) cloud(name string) cloud.Cloud {
	v := r.value(name)
	c, ok := cloud.Lookup(v)
	if !ok {
		r.fault(name, fmt.Sprintf("is %.40q, which is no cloud", v), "put one of "+strings.Join(cloud.Names(), ", ")+" there")
	}
	return c
}

// list splits at commas and drops empty items.
func (r *reader) list(name string) []string {
	var items []string
	for item := range strings.SplitSeq(r.value(name), ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}

func (r *reader) partnerTenants(name string) []sam.TenantID {
	if _, ok := r.required(name, "put the tenant id (a GUID) of the partner tenant there; several are separated by commas"); !ok {
		return nil
	}
	return r.tenants(name)
}

// tenants is a list of tenant ids, without duplicates; it may be empty.
func (r *reader) tenants(name string) []sam.TenantID {
	var tenants []sam.TenantID
	for _, item := range r.list(name) {
		id, err := sam.ParseTenantID(item)
		switch {
		case err != nil:
			r.fault(name, fmt.Sprintf("contains %.60q, which is no tenant id", item), "put GUIDs there, not domain names: Entra ID > Overview > Tenant ID")
		case !slices.Contains(tenants, id):
			tenants = append(tenants, id)
		}
	}
	return tenants
}

func (r *reader) app(name string) sam.AppID {
	v, ok := r.required(name, "put the application (client) id of the app registration there: App registrations > your app > Overview")
	if !ok {
		return ""
	}
	id, err := sam.ParseAppID(v)
	if err != nil {
		r.fault(name, "is no application id", "put the application (client) id there, a GUID; not the name and not a secret")
	}
	return id
}

// guid is an optional GUID.
func (r *reader) guid(name string) string {
	v := r.value(name)
	if v == "" {
		return ""
	}
	id, err := sam.ParseAppID(v)
	if err != nil {
		r.fault(name, "is no client id", "put the client id of the managed identity there, a GUID; not its resource id")
	}
	return string(id)
}

func (r *reader) oneOf(name string, allowed ...string) string {
	v := strings.ToLower(r.value(name))
	if !slices.Contains(allowed, v) {
		r.fault(name, fmt.Sprintf("is %.40q", v), "put one of "+strings.Join(allowed, ", ")+" there")
	}
	return v
}

// secretNameForm is Key Vault's rule for names.
var secretNameForm = regexp.MustCompile(`^[0-9A-Za-z-]{1,127}$`)

func (r *reader) secretName(name string) string {
	v := r.value(name)
	if !secretNameForm.MatchString(v) {
		// The value is not shown: pasting the secret itself is the likely mistake.
		r.fault(name, "is no name of a vault secret", "put the name there under which it is kept in the vault (letters, digits, dashes), never the value itself")
	}
	return v
}

func (r *reader) accounts(name string) []string {
	if _, ok := r.required(name, "put the object id or sign-in name of the integration account there; several are separated by commas"); !ok {
		return nil
	}
	var accounts []string
	for _, item := range r.list(name) {
		item = strings.ToLower(item)
		_, err := sam.ParseObjectID(item)
		user, domain, isUPN := strings.Cut(item, "@")
		if err != nil && (!isUPN || user == "" || !strings.Contains(domain, ".")) {
			r.fault(name, fmt.Sprintf("contains %.80q, which is neither an object id nor a sign-in name", item), "put GUIDs or names of the form user@domain there")
			continue
		}
		accounts = append(accounts, item)
	}
	return accounts
}

func (r *reader) tasks(name string) []string {
	var tasks []string
	for _, item := range r.list(name) {
		switch {
		case !slices.Contains(KnownTasks, item):
			r.fault(name, fmt.Sprintf("contains %.40q, which is no task", item), "put some of "+strings.Join(KnownTasks, ", ")+" there")
		case !slices.Contains(tasks, item):
			tasks = append(tasks, item)
		}
	}
	return tasks
}

// permissionForm is how Microsoft Graph names its delegated permissions.
var permissionForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]*(\.[A-Za-z0-9-]+)+$`)

func (r *reader) permissions(name string) []string {
	var permissions []string
	for _, item := range r.list(name) {
		switch {
		case !permissionForm.MatchString(item):
			r.fault(name, fmt.Sprintf("contains %.60q, which is no permission", item), "put delegated permissions of Microsoft Graph there by name, for example "+defaultOf(name))
		case !slices.Contains(permissions, item):
			permissions = append(permissions, item)
		}
	}
	if len(r.list(name)) == 0 {
		r.fault(name, "names no permission", "leave it out for "+defaultOf(name))
	}
	return permissions
}

func (r *reader) duration(name string) time.Duration {
	v := r.value(name)
	d, err := time.ParseDuration(v)
	if err != nil || d < time.Second || d > 7*24*time.Hour {
		r.fault(name, fmt.Sprintf("is %.40q", v), "put a duration from 1s to 168h there, for example "+defaultOf(name))
		return 0
	}
	return d
}

// number reads a whole number between two bounds.
func (r *reader) number(name string, least, most int) int {
	n, err := strconv.Atoi(r.value(name))
	if err != nil || n < least || n > most {
		r.fault(name, "is not a whole number from "+strconv.Itoa(least)+" to "+strconv.Itoa(most), "leave it out for "+defaultOf(name))
		return 0
	}
	return n
}

// retention leaves time to look at what went wrong.
func (r *reader) retention(name string) time.Duration {
	v := r.value(name)
	d, err := time.ParseDuration(v)
	if err != nil || d < 24*time.Hour || d > 87600*time.Hour {
		r.fault(name, fmt.Sprintf("is %.40q", v), "put a duration from 24h (a day) to 87600h (ten years) there, for example "+defaultOf(name))
		return 0
	}
	return d
}

func (r *reader) level(name string) slog.Level {
	var level slog.Level
	if v := r.oneOf(name, "debug", "info", "warn", "error"); level.UnmarshalText([]byte(v)) != nil {
		return slog.LevelInfo // already reported by oneOf
	}
	return level
}
