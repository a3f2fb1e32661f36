package consent

import "net/http"

// CookieName is the cookie that ties an answer to the browser that asked. The
// __Host- prefix makes browsers refuse it without Secure, with a Domain, or
// with another Path.
const CookieName = "__Host-samkeeper-consent"

// newCookie carries sealed for the life of the attempt. SameSite=None, because
// with form_post the answer is a POST from the identity provider's site, on
// which a Lax cookie would stay behind.
func newCookie(sealed string) *http.Cookie {
	return &http.Cookie{ //nolint:gosec // G124 dislikes SameSite=None, which is needed here, see above
		Name: CookieName, Value: sealed, Path: "/",
		MaxAge: int(Lifetime.Seconds()),
		Secure: true, HttpOnly: true, SameSite: http.SameSiteNoneMode,
	}
}

// ClearedCookie makes the browser forget the cookie. Send it with every answer
// to a callback: the attempt is over, whichever way it ended.
func ClearedCookie() *http.Cookie {
	c := newCookie("") //nolint:gosec // G124, as above
	c.MaxAge = -1
	return c
}
