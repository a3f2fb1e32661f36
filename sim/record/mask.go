package record

import (
	"net/url"
	"slices"
)

// harmless are the fields whose values are shown.
var harmless = []string{
	"grant_type", "scope", "resource", "client_id", "response_type", "response_mode", "api-version",
	"code_challenge_method", "maxresults", "step", "client_assertion_type", "$top", "$filter",
}

func mask(sets ...url.Values) map[string]string {
	shown := map[string]string{}
	for _, values := range sets {
		for name, v := range values {
			shown[name] = "[masked]"
			if slices.Contains(harmless, name) && len(v) > 0 {
				shown[name] = v[0]
			}
		}
	}
	return shown
}
