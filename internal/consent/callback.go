package consent

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"

	"github.com/samkeeper/samkeeper/internal/entra"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// Bounds of an answer. A real code is about 1 to 2 KB, a description rarely
// over 1 KB; the identity provider sends fewer than ten fields.
const (
	maxFields     = 24
	maxFieldBytes = 8 << 10
	maxAllBytes   = 32 << 10
	stateLength   = 43 // 32 bytes in base64url
)

// answer is a callback without an error: the two fields that count. A hint
// such as "tenant" is unauthenticated and not taken along.
type answer struct {
	state string
	code  sam.Secret
}

// readCallback checks the shape of cb and takes it apart. The method must fit
// the response mode that was asked for: an answer that comes the other way was
// not made by the identity provider.
func readCallback(cb Callback, mode string) (answer, error) {
	if err := checkMethod(cb.Method, mode); err != nil {
		return answer{}, err
	}
	if err := checkShape(cb.Values); err != nil {
		return answer{}, err
	}
	if e := cb.Values.Get("error"); e != "" || cb.Values.Has("error") {
		return answer{}, signInError(e, cb.Values.Get("error_description"))
	}
	a := answer{state: cb.Values.Get("state"), code: sam.NewSecret(cb.Values.Get("code"))}
	switch {
	case !isState(a.state):
		return answer{}, badRequest("The answer carries no state, or not one that was made here.")
	case !isPrintable(a.code.Reveal()):
		return answer{}, badRequest("The answer carries no authorization code.")
	}
	return a, nil
}

func checkMethod(method, mode string) error {
	want := http.MethodPost
	if mode == Query {
		want = http.MethodGet
	}
	if method == want {
		return nil
	}
	return refuse(http.StatusMethodNotAllowed,
		"The sign-in answer must come by "+want+", as response mode "+mode+" says; this one did not.",
		"Start the consent again from its first page; do not reload or paste the address of the answer.")
}

// checkShape refuses what the identity provider never sends: a field twice
// (which one counts would be a matter of luck) or one that is oversized.
func checkShape(values url.Values) error {
	if len(values) > maxFields {
		return badRequest("The answer has more fields than a sign-in answer can have.")
	}
	total := 0
	for name, all := range values {
		if len(all) > 1 {
			return badRequest("The answer carries a field twice.")
		}
		for _, v := range all {
			total += len(name) + len(v)
			if len(name)+len(v) > maxFieldBytes || total > maxAllBytes {
				return badRequest("The answer carries a field that is too long.")
			}
		}
	}
	return nil
}

// signInError words an error answer. Only the AADSTS number inside the
// description is used, to look up our own sentence; the text itself could be
// written by anyone who can make a link.
func signInError(code, description string) error {
	p := entra.CallbackProblem(code, description, "")
	r := fromUpstream(p)
	if r.Status == http.StatusInternalServerError {
		r.Status = http.StatusBadRequest // anyone can send us an error answer: no fault of ours
	}
	return r
}

func badRequest(plain string) error { return refuse(http.StatusBadRequest, plain, startAgain) }

// isState reports whether s could be a state id: 43 characters of base64url.
func isState(s string) bool {
	_, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return len(s) == stateLength && err == nil && !strings.ContainsAny(s, "\r\n") // the decoder skips line ends
}

// isPrintable reports whether s is a non-empty run of visible ASCII, which is
// what RFC 6749 lets a code consist of.
func isPrintable(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) < 0
}
