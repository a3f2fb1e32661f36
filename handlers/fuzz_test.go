package handlers_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/samkeeper/samkeeper/handlers"
)

// FuzzInvocation posts anything to a queue function. It is answered with JSON,
// and with 200 only if the room was given the message and was content.
func FuzzInvocation(f *testing.F) {
	for _, seed := range []string{
		`{"Data":{"message":"e30="},"Metadata":{"DequeueCount":"1"}}`, `{"Data":{"message":"\"{}\""}}`, `{"Data":{}}`, `{`, ``, `null`,
	} {
		f.Add([]byte(seed), true)
	}
	f.Fuzz(func(t *testing.T, envelope []byte, content bool) {
		called := false
		h := open(t, func(r *handlers.Rooms) {
			r.RunJob = func(context.Context, []byte, int) error {
				called = true
				if !content {
					return errors.New("foreign message")
				}
				return nil
			}
		})
		w := h.ask("POST", "/RunCustomerJob", bytes.NewReader(envelope))
		if done := w.Code == http.StatusOK; done != (called && content) {
			t.Errorf("answer %d; room called: %v, content: %v", w.Code, called, content)
		}
		if w.Header().Get("Content-Type") != "application/json" || w.Body.Len() < 2 || w.Body.Bytes()[0] != '{' {
			t.Errorf("answer %q %q would hang the host", w.Header().Get("Content-Type"), w.Body)
		}
	})
}
