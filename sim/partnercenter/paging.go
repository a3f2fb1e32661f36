package partnercenter

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const (
	defaultSize = 40
	largestSize = 500
	// tokenLife is how long a continuation token can be used.
	tokenLife = time.Hour
	tokenSize = 2 + 4 + 2 + 8
	tagSize   = 8
)

// page is a stretch of a collection.
type page struct{ from, size int }

var badToken = refusal{http.StatusBadRequest, 800002, "The continuation token is not valid or has expired."}

// readPage finds out which page the call asks for: the first one of ?size=
// rows, or the one that the header token continues with.
func readPage(r *http.Request, now time.Time) (page, error) {
	query := r.URL.Query()
	token := r.Header.Get("MS-ContinuationToken")
	switch seek := query.Get("seekOperation"); {
	case seek == "" && token == "":
		return firstPage(query)
	case seek != "" && seek != "Next":
		return page{}, refusal{http.StatusBadRequest, 800002, "The seek operation " + seek + " is not supported."}
	case token == "":
		return page{}, refusal{http.StatusBadRequest, 2001, "The header MS-ContinuationToken is missing."}
	}
	return openToken(token, now)
}

func firstPage(query url.Values) (page, error) {
	text := query.Get("size")
	if text == "" || text == "0" {
		return page{0, defaultSize}, nil
	}
	size, err := strconv.Atoi(text)
	if err != nil || size < 0 || size > largestSize {
		return page{}, refusal{http.StatusBadRequest, 3000, "The parameter size must be a number up to " + strconv.Itoa(largestSize) + "."}
	}
	return page{0, size}, nil
}

// tokenKey only keeps made-up tokens out; nothing secret hangs on it.
var tokenKey = []byte("continuation of a simulated collection")

// seal makes the continuation token of a page: version, place, size, time of
// issue and a tag over them.
func (p page) seal(now time.Time) string {
	raw := make([]byte, tokenSize, tokenSize+tagSize)
	raw[0] = 1
	binary.BigEndian.PutUint32(raw[2:], uint32(p.from))
	binary.BigEndian.PutUint16(raw[6:], uint16(p.size))
	binary.BigEndian.PutUint64(raw[8:], uint64(now.Unix()))
	return base64.StdEncoding.EncodeToString(append(raw, tag(raw)...))
}

func openToken(token string, now time.Time) (page, error) {
	raw, err := base64.StdEncoding.DecodeString(token)
	// The decoder skips line breaks, which no header can hold anyway.
	canonical := err == nil && base64.StdEncoding.EncodeToString(raw) == token
	if !canonical || len(raw) != tokenSize+tagSize || !hmac.Equal(tag(raw[:tokenSize]), raw[tokenSize:]) {
		return page{}, badToken
	}
	issued := time.Unix(int64(binary.BigEndian.Uint64(raw[8:])), 0)
	if now.Sub(issued) > tokenLife {
		return page{}, badToken
	}
	return page{int(binary.BigEndian.Uint32(raw[2:])), int(binary.BigEndian.Uint16(raw[6:]))}, nil
}

func tag(raw []byte) []byte {
	mac := hmac.New(sha256.New, tokenKey)
	mac.Write(raw)
	return mac.Sum(nil)[:tagSize]
}

// links of a page: self, and next while there is more. Every other next link
// carries the version in its path, as the documentation and the service
// disagree on it.
func (p page) links(total int, now time.Time) *collectionLinks {
	size := strconv.Itoa(p.size)
	l := &collectionLinks{Self: get("/customers?size=" + size)}
	if p.from+p.size >= total {
		return l
	}
	next := page{p.from + p.size, p.size}
	uri := "/customers?size=" + size + "&seekOperation=Next"
	if (p.from/p.size)%2 == 1 {
		uri = "/v1" + uri
	}
	l.Next = get(uri)
	l.Next.Headers = []header{{"MS-ContinuationToken", next.seal(now)}}
	return l
}
