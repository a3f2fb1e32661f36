package handlers

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/samkeeper/samkeeper/internal/htmlpage"
	"github.com/samkeeper/samkeeper/internal/statuspage"
)

// status shows the pane of glass, as a page or, by Accept, as JSON.
func (e *edge) status(w http.ResponseWriter, r *http.Request) error {
	s, err := e.rooms.Status(r.Context())
	if err != nil {
		return err
	}
	if !wantsJSON(r) {
		return statuspage.WriteHTML(w, s)
	}
	return writeJSON(w, http.StatusOK, s)
}

// writeJSON sends a document to a program.
func writeJSON(w http.ResponseWriter, status int, document any) error {
	body, err := json.Marshal(document)
	if err != nil {
		return fmt.Errorf("render JSON: %w", err)
	}
	htmlpage.Protect(w.Header())
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the reader is gone if this fails
	return nil
}

// wantsJSON reports whether the caller prefers JSON to a page. Browsers name
// text/html; who names neither gets the page.
func wantsJSON(r *http.Request) bool {
	var asJSON, asPage float64
	for part := range strings.SplitSeq(strings.Join(r.Header.Values("Accept"), ","), ",") {
		kind, params, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		q := 1.0
		if text, ok := params["q"]; ok {
			if q, err = strconv.ParseFloat(text, 64); err != nil {
				continue
			}
		}
		switch kind {
		case "application/json", "text/json":
			asJSON = max(asJSON, q)
		case "text/html", "application/xhtml+xml":
			asPage = max(asPage, q)
		}
	}
	return asJSON > asPage
}
