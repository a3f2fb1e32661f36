package handlers

import (
	"net/http"

	"github.com/samkeeper/samkeeper/internal/htmlpage"
)

// consentStart sends a person to sign in.
func (e *edge) consentStart(w http.ResponseWriter, r *http.Request) error {
	redirect, err := e.rooms.Consent.Start(r.Context())
	if err != nil {
		return err
	}
	http.SetCookie(w, redirect.Cookie)
	htmlpage.Protect(w.Header())
	w.Header().Set("Location", redirect.URL)
	w.WriteHeader(http.StatusSeeOther)
	return nil
}
