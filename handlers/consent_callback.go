package handlers

import (
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"os"

	"github.com/samkeeper/samkeeper/internal/consent"
)

// callbackLimit bounds the body of a callback: a real one has about 4 KB.
const callbackLimit = 64 << 10

// formType is what form_post sends.
const formType = "application/x-www-form-urlencoded"

const startAgain = "start the consent again from its first page"

// consentCallback takes the answer of the sign-in.
func (e *edge) consentCallback(w http.ResponseWriter, r *http.Request) error {
	http.SetCookie(w, consent.ClearedCookie())
	values, err := callbackValues(w, r)
	if err != nil {
		return err
	}
	callback := consent.Callback{Method: r.Method, Values: values}
	switch cookies := r.CookiesNamed(consent.CookieName); len(cookies) {
	case 0:
	case 1:
		callback.Cookie = cookies[0].Value
	default: // which one counts would be a matter of luck
		return &requestError{status: http.StatusBadRequest, plain: "this browser sent the consent cookie more than once", fix: "delete the cookies of this site, then " + startAgain}
	}
	receipt, err := e.rooms.Consent.Complete(r.Context(), callback)
	if err != nil {
		return err
	}
	attrs := []slog.Attr{slog.String("connection", string(receipt.Connection)), slog.String("reference", receipt.Reference)}
	e.rooms.Log.LogAttrs(r.Context(), slog.LevelInfo, "consented", attrs...)
	if receipt.Unrecorded != nil {
		e.rooms.Log.LogAttrs(r.Context(), slog.LevelWarn, "consent stored but not recorded", append(attrs, slog.Any("error", receipt.Unrecorded))...)
	}
	return writeConsented(w, receipt)
}

// callbackValues takes the fields from the body of a POST or the address of a
// GET, never from both.
func callbackValues(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	raw := r.URL.RawQuery
	if r.Method == http.MethodPost {
		var err error
		if raw, err = formBody(w, r); err != nil {
			return nil, err
		}
	}
	if len(raw) > callbackLimit {
		return nil, tooLarge()
	}
	values, err := url.ParseQuery(raw)
	if err != nil {
		// The cause would repeat what was sent, which may be a code.
		return nil, &requestError{status: http.StatusBadRequest, plain: "the answer of the sign-in cannot be read", fix: startAgain}
	}
	return values, nil
}

func formBody(w http.ResponseWriter, r *http.Request) (string, error) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != formType {
		return "", &requestError{status: http.StatusUnsupportedMediaType, plain: "the answer of the sign-in is not a form", fix: startAgain}
	}
	body, err := inTime(w, func() ([]byte, error) { return io.ReadAll(http.MaxBytesReader(w, r.Body, callbackLimit)) })
	var limit *http.MaxBytesError
	switch {
	case errors.As(err, &limit):
		return "", tooLarge()
	case errors.Is(err, os.ErrDeadlineExceeded):
		return "", &requestError{status: http.StatusRequestTimeout, plain: "the answer of the sign-in took too long to arrive", fix: startAgain}
	case err != nil: // anyone can hang up half way: no fault of ours
		return "", &requestError{status: http.StatusBadRequest, plain: "the answer of the sign-in did not arrive whole", fix: startAgain}
	}
	return string(body), nil
}

func tooLarge() error {
	return &requestError{status: http.StatusRequestEntityTooLarge, plain: "the answer of the sign-in is larger than any real one", fix: startAgain}
}
