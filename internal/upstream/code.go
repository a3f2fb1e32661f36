package upstream

import (
	"encoding/json"
	"strings"
)

// Word is a JSON value that services write as a string here and as a number
// there; it holds the text of either. Anything else decodes to "".
type Word string

// UnmarshalJSON accepts strings, numbers and null and never fails on others:
// an odd error body must not hide the error.
func (w *Word) UnmarshalJSON(raw []byte) error {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		*w = Word(s)
		return nil
	}
	var n json.Number
	if json.Unmarshal(raw, &n) == nil {
		*w = Word(n)
	}
	return nil
}

// ErrorBody is the error shape of Graph and ARM in all its spellings: wrapped
// in "error" or bare, in camel or Pascal case.
type ErrorBody struct {
	Code    string
	Message string
	// Inner codes from innerError or details, outermost first.
	Inner []string
}

// rawError relies on encoding/json matching names in any case.
type rawError struct {
	Code       Word            `json:"code"`
	Message    Word            `json:"message"`
	InnerError json.RawMessage `json:"innerError"`
	Details    json.RawMessage `json:"details"`
}

// ParseErrorBody reads body; a body that is no such error gives the zero value.
func ParseErrorBody(body []byte) ErrorBody {
	var outer struct {
		Error json.RawMessage `json:"error"`
	}
	inner := json.RawMessage(body)
	if json.Unmarshal(body, &outer) == nil && len(outer.Error) > 0 {
		inner = outer.Error
	}
	var e rawError
	if json.Unmarshal(inner, &e) != nil {
		return ErrorBody{}
	}
	return ErrorBody{
		Code:    string(e.Code),
		Message: string(e.Message),
		Inner:   innerCodes(e, 8),
	}
}

// innerCodes walks innerError chains and details, at most depth levels.
func innerCodes(e rawError, depth int) []string {
	var codes []string
	var details []rawError
	if json.Unmarshal(e.Details, &details) == nil {
		for _, d := range details {
			codes = append(codes, string(d.Code))
		}
	}
	var next rawError
	if depth > 0 && json.Unmarshal(e.InnerError, &next) == nil {
		if next.Code != "" {
			codes = append(codes, string(next.Code))
		}
		codes = append(codes, innerCodes(next, depth-1)...)
	}
	return codes
}

// Says reports whether the code or one of the inner codes is one of these.
func (e ErrorBody) Says(codes ...string) bool {
	for _, want := range codes {
		if strings.EqualFold(e.Code, want) {
			return true
		}
		for _, got := range e.Inner {
			if strings.EqualFold(got, want) {
				return true
			}
		}
	}
	return false
}
