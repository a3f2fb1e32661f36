package funchost

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/samkeeper/samkeeper/funchost/wire"
)

// contentHeader names what is not copied when forwarding, but for type and length.
func contentHeader(name string) bool {
	return strings.HasPrefix(name, "Content-") || name == "Allow" || name == "Expires" || name == "Last-Modified"
}

// hopByHop belongs to one connection.
func hopByHop(name string) bool {
	switch name {
	case "Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade":
		return true
	}
	return false
}

// forwardRequest copies the request to the handler and its answer back. Any
// status is a success; only a broken connection fails.
func (h *Host) forwardRequest(ctx context.Context, r *http.Request, body []byte, id string) (wire.HTTPAnswer, error) {
	target := h.worker.URL() + r.URL.EscapedPath()
	if query := rebuiltQuery(r.URL.RawQuery); query != "" {
		target += "?" + query
	}
	var content io.Reader = http.NoBody
	if r.ContentLength > 0 {
		content = bytes.NewReader(body) // a chunked body is lost
	}
	request, err := http.NewRequestWithContext(ctx, r.Method, target, content)
	if err != nil {
		return wire.HTTPAnswer{}, err
	}
	copyHeaders(request, r)
	stamp(request.Header, id)
	response, err := h.forward.Do(request)
	if err != nil {
		return wire.HTTPAnswer{}, fmt.Errorf("forwarding to the handler: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	answer := wire.HTTPAnswer{Status: response.StatusCode, Header: http.Header{}}
	for name, values := range response.Header {
		if !hopByHop(name) {
			answer.Header[name] = values
		}
	}
	answer.Body, err = io.ReadAll(io.LimitReader(response.Body, answerLimit))
	return answer, err
}

func copyHeaders(to, from *http.Request) {
	for name, values := range from.Header {
		if !contentHeader(name) && !hopByHop(name) {
			to.Header[name] = values
		}
	}
	to.Host = from.Host
	to.Header.Set("User-Agent", strings.TrimSpace(from.UserAgent()+" "+userAgent))
	if from.ContentLength > 0 && from.Header.Get("Content-Type") != "" {
		to.Header.Set("Content-Type", from.Header.Get("Content-Type"))
	}
}

// rebuiltQuery goes through a dictionary: a=1&a=2 becomes a=1%2C2.
func rebuiltQuery(raw string) string {
	values := parseQuery(raw)
	var parts []string
	for pair := range strings.SplitSeq(raw, "&") {
		name, _, _ := strings.Cut(pair, "=")
		if decoded, err := url.QueryUnescape(name); err == nil && values.Has(decoded) {
			parts = append(parts, escape(decoded)+"="+escape(strings.Join(values[decoded], ",")))
			values.Del(decoded)
		}
	}
	return strings.Join(parts, "&")
}

func escape(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }
