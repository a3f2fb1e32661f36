package arm

import "encoding/json"

// plainMap turns a payload into the plain JSON values that queries work on.
func plainMap(payload any) map[string]any {
	text, err := json.Marshal(payload)
	if err != nil {
		return nil
	}
	var plain map[string]any
	if json.Unmarshal(text, &plain) != nil {
		return nil
	}
	return plain
}
