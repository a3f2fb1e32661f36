package funchost

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/samkeeper/samkeeper/funchost/route"
	"github.com/samkeeper/samkeeper/funchost/script"
	"github.com/samkeeper/samkeeper/funchost/wire"
)

// serveFunction runs an HTTP function in the mode host.json asks for. The
// invocation goes on when the caller goes away. Any failure is a 500 with an
// empty body.
func (h *Host) serveFunction(w http.ResponseWriter, r *http.Request, f *script.Function, params route.Params) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		status := http.StatusBadRequest
		if tooBig := (*http.MaxBytesError)(nil); errors.As(err, &tooBig) {
			status = http.StatusRequestEntityTooLarge
		}
		w.WriteHeader(status)
		return
	}
	var answer wire.HTTPAnswer
	err = h.run(f, runReason, func(ctx context.Context, id string) error {
		var err error
		if h.app.Host.Worker.Forward && f.Raw() {
			answer, err = h.forwardRequest(ctx, r, body, id)
		} else {
			answer, err = h.envelopeRequest(ctx, r, body, f, params, id)
		}
		return err
	})
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	maps.Copy(w.Header(), answer.Header)
	w.WriteHeader(answer.Status)
	_, _ = w.Write(answer.Body)
}

// envelopeRequest is the default mode: the request travels as an object.
func (h *Host) envelopeRequest(ctx context.Context, r *http.Request, body []byte, f *script.Function, params route.Params, id string) (wire.HTTPAnswer, error) {
	if r.ContentLength <= 0 {
		body = nil // without a length the host does not see a body
	}
	meta := &wire.Metadata{}
	meta.MergeJSON(body)
	for name, value := range joined(r.URL.RawQuery) {
		if !strings.EqualFold(name, "code") {
			meta.Text(name, value)
		}
	}
	for name, value := range params {
		if value != nil {
			meta.Text(name, *value)
		}
	}
	meta.Dictionary("Query", joined(r.URL.RawQuery))
	meta.Dictionary("Headers", flatHeaders(r))
	answer, err := h.envelope(ctx, f, id, wire.Object(h.requestObject(r, body, params)), meta)
	if err != nil {
		return wire.HTTPAnswer{}, err
	}
	for _, b := range f.Outputs {
		switch {
		case b.Is("http") && b.Name == returnName:
			return wire.HTTPReturn(answer.ReturnValue), nil
		case b.Is("http"):
			outputs := answer.Spread(returns(f))
			return wire.HTTPOutput(outputs[b.Name], outputs != nil)
		}
	}
	return wire.HTTPAnswer{Status: http.StatusNoContent}, nil
}

// requestObject is the request as Data holds it.
func (h *Host) requestObject(r *http.Request, body []byte, params route.Params) map[string]any {
	headers := map[string][]string{"Host": {r.Host}}
	maps.Copy(headers, r.Header)
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	object := map[string]any{
		"Url": scheme + "://" + r.Host + r.URL.RequestURI(), "Method": r.Method, "Query": joined(r.URL.RawQuery),
		"Headers": headers, "Params": params, "Identities": []any{anonymous},
	}
	if len(body) > 0 {
		object["Body"] = bodyText(r.Header.Get("Content-Type"), body)
	}
	return object
}

// anonymous is the identity of a caller that proved nothing.
var anonymous = map[string]any{
	"AuthenticationType": nil, "IsAuthenticated": false, "Actor": nil, "BootstrapContext": nil, "Claims": []any{},
	"Label": nil, "Name": nil,
	"NameClaimType": "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
	"RoleClaimType": "http://schemas.microsoft.com/ws/2008/06/identity/claims/role",
}

// bodyText is base64 for binary media types and the text itself otherwise.
func bodyText(contentType string, body []byte) string {
	media, _, _ := mime.ParseMediaType(contentType)
	if media == "application/octet-stream" || strings.HasPrefix(media, "multipart/") {
		return base64.StdEncoding.EncodeToString(body)
	}
	return string(body)
}

func flatHeaders(r *http.Request) map[string]string {
	out := map[string]string{"Host": r.Host}
	for name, values := range r.Header {
		out[name] = strings.Join(values, ",")
	}
	return out
}

// joined is the query as a dictionary: repeated names have their values joined
// by commas.
func joined(raw string) map[string]string {
	out := map[string]string{}
	for name, values := range parseQuery(raw) {
		out[name] = strings.Join(values, ",")
	}
	return out
}

// parseQuery keeps what can be read of a malformed query.
func parseQuery(raw string) url.Values {
	values, _ := url.ParseQuery(raw)
	return values
}
