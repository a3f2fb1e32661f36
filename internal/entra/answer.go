package entra

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/samkeeper/samkeeper/internal/sam"
)

// maxLife bounds what is believed of expires_in; the longest tokens live 28 h.
const maxLife = 7 * 24 * time.Hour

var errNotTokens = errors.New("not a token answer")

// tokenAnswer is the success body (section 1.6); numbers come as numbers from
// v2.0 and as strings from v1.0.
type tokenAnswer struct {
	TokenType    string  `json:"token_type"`
	Scope        string  `json:"scope"`
	ExpiresIn    seconds `json:"expires_in"`
	RefreshIn    seconds `json:"refresh_in"`
	AccessToken  string  `json:"access_token"`
	RefreshToken string  `json:"refresh_token"`
	IDToken      string  `json:"id_token"`
}

// seconds is a whole number of seconds, written as number or string.
type seconds float64

// UnmarshalJSON implements json.Unmarshaler.
func (s *seconds) UnmarshalJSON(b []byte) error {
	text := strings.Trim(string(b), `"`)
	if text == "null" || text == "" {
		return nil
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(f) {
		return fmt.Errorf("%w: a number of seconds is neither number nor numeric string", errNotTokens)
	}
	*s = seconds(f)
	return nil
}

// duration is s bounded to 0 … maxLife.
func (s seconds) duration() time.Duration {
	return time.Duration(min(max(float64(s), 0), maxLife.Seconds())) * time.Second
}

// parseTokens reads a success body. Without an access token or a positive
// expires_in it is no token answer; its content is never part of the error.
func parseTokens(body []byte, now time.Time) (Tokens, error) {
	var a tokenAnswer
	if json.Unmarshal(body, &a) != nil {
		return Tokens{}, errNotTokens
	}
	life := a.ExpiresIn.duration()
	if a.AccessToken == "" || life <= 0 || !strings.EqualFold(a.TokenType, "Bearer") {
		return Tokens{}, errNotTokens
	}
	t := Tokens{
		Access:    sam.NewSecret(a.AccessToken),
		Refresh:   sam.NewSecret(a.RefreshToken),
		ID:        sam.NewSecret(a.IDToken),
		ExpiresOn: now.Add(life),
		Scope:     a.Scope,
	}
	if in := a.RefreshIn.duration(); in > 0 && in < life {
		t.RefreshOn = now.Add(in)
	}
	return t, nil
}
