package upstream

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
)

// maxBody is the most we read of one answer. The largest known page, 1,000
// Resource Graph rows, is below 5 MiB.
const maxBody = 64 << 20

// errTooLarge says that an answer exceeded maxBody.
var errTooLarge = fmt.Errorf("answer larger than %d MiB", maxBody>>20)

// transport sends with the given client, bounds the body and pads claims.
type transport struct{ client *http.Client }

func (t transport) Do(req *http.Request) (*http.Response, error) {
	client := t.client
	if client == nil {
		client = http.DefaultClient
	}
	resp, err := client.Do(req) //nolint:gosec // the pipeline has refused every host but the configured one
	if err != nil {
		return nil, err
	}
	resp.Body = &boundedBody{ReadCloser: resp.Body, left: maxBody}
	if resp.StatusCode == http.StatusUnauthorized {
		padClaims(resp.Header)
	}
	return resp, nil
}

// boundedBody fails once more than the allowed bytes were read.
type boundedBody struct {
	io.ReadCloser
	left int64
}

func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, errTooLarge
	}
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return n, errTooLarge
	}
	return n, err
}

// claimsParam finds claims="…" of a Bearer challenge.
var claimsParam = regexp.MustCompile(`claims="([^"]*)"`)

// padClaims adds the padding that azcore insists on and Entra's resources
// sometimes leave out (also the URL-safe alphabet becomes the standard one).
func padClaims(h http.Header) {
	values := h.Values("Www-Authenticate")
	for i, v := range values {
		values[i] = claimsParam.ReplaceAllStringFunc(v, func(m string) string {
			raw := strings.TrimRight(claimsParam.FindStringSubmatch(m)[1], "=")
			raw = strings.NewReplacer("-", "+", "_", "/").Replace(raw)
			if text, err := base64.RawStdEncoding.DecodeString(raw); err == nil {
				return `claims="` + base64.StdEncoding.EncodeToString(text) + `"`
			}
			return m
		})
	}
}

// asTimeout reports whether err is a timeout: another try would wait as long.
func asTimeout(err error, target *interface{ Timeout() bool }) bool {
	return errors.As(err, target) && (*target).Timeout()
}
