package funchost

import (
	"crypto/subtle"
	"net/http"

	"github.com/samkeeper/samkeeper/funchost/script"
)

// Keys are the access keys of the HTTP front, by key name. They are used only
// with Config.KeyCheck and are never logged.
type Keys struct {
	Master    string                       `json:"master"`
	Host      map[string]string            `json:"host"`
	Functions map[string]map[string]string `json:"functions"`
}

// presented is the caller's key: the header goes before the query.
func presented(r *http.Request) string {
	if key := r.Header.Get("x-functions-key"); key != "" {
		return key
	}
	return r.URL.Query().Get("code")
}

func same(key, want string) bool {
	return want != "" && subtle.ConstantTimeCompare([]byte(key), []byte(want)) == 1
}

func anyOf(key string, keys map[string]string) bool {
	found := false
	for _, want := range keys {
		found = same(key, want) || found
	}
	return found
}

// hasMaster reports whether the caller proved to be the administrator.
func (h *Host) hasMaster(r *http.Request) bool {
	return h.cfg.KeyCheck && same(presented(r), h.cfg.Keys.Master)
}

// isAdmin guards the admin routes; without key check every caller is admin.
func (h *Host) isAdmin(r *http.Request) bool { return !h.cfg.KeyCheck || h.hasMaster(r) }

// mayCall applies a function's authLevel.
func (h *Host) mayCall(f *script.Function, r *http.Request) bool {
	switch {
	case !h.cfg.KeyCheck || f.HTTP.AuthLevel == "anonymous" || h.hasMaster(r):
		return true
	case f.HTTP.AuthLevel == "admin":
		return false
	}
	key := presented(r)
	return anyOf(key, h.cfg.Keys.Functions[f.Name]) || anyOf(key, h.cfg.Keys.Host)
}
