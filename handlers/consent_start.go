package handlers

import (
	"net/http"

	"github.com/samkeeper/samkeeper/internal/htmlpage"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// consentStart sends a person to sign in, at the partner tenant the address
// names with ?tenant=<tenant id>, or at the first one.
func (e *edge) consentStart(w http.ResponseWriter, r *http.Request) error {
	var tenant sam.TenantID
	if raw := r.URL.Query().Get("tenant"); raw != "" {
		var err error
		if tenant, err = sam.ParseTenantID(raw); err != nil {
			return &requestError{status: http.StatusBadRequest, plain: "the address names no tenant id", fix: "leave ?tenant= out, or put the tenant id (a GUID) of a partner tenant there"}
		}
	}
	redirect, err := e.rooms.Consent.Start(r.Context(), tenant)
	if err != nil {
		return err
	}
	http.SetCookie(w, redirect.Cookie)
	htmlpage.Protect(w.Header())
	w.Header().Set("Location", redirect.URL)
	w.WriteHeader(http.StatusSeeOther)
	return nil
}
