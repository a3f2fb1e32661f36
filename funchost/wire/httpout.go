package wire

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
)

// HTTPAnswer is what the caller of an HTTP function gets.
type HTTPAnswer struct {
	Status int
	Header http.Header
	Body   []byte
}

// HTTPOutput reads the value of a named http output. given says whether the
// answer had Outputs at all. status is ignored in favour of statusCode, header
// values that are not scalars become their JSON text, an object body is written
// as indented JSON text. A value that is not an object fails the invocation.
func HTTPOutput(value json.RawMessage, given bool) (HTTPAnswer, error) {
	if !given {
		return HTTPAnswer{Status: http.StatusOK, Header: http.Header{}}, nil
	}
	if len(value) == 0 || string(value) == "null" {
		return HTTPAnswer{
			Status: http.StatusOK, Header: http.Header{"Content-Type": {"application/json; charset=utf-8"}}, Body: []byte("{}"),
		}, nil
	}
	if value[0] == '"' { // text is parsed once more
		var text string
		if err := json.Unmarshal(value, &text); err != nil {
			return HTTPAnswer{}, err
		}
		value = json.RawMessage(strings.TrimSpace(text))
	}
	members, _, ok := objectOf(value)
	if !ok {
		return HTTPAnswer{}, errors.New("the http output should have 'StatusCode', 'Status', 'Body' and 'Headers'")
	}
	return httpAnswer(members, "statusCode"), nil
}

// HTTPReturn reads ReturnValue for an http output named $return: an object is
// an answer (statusCode or status), anything else is the body.
func HTTPReturn(value json.RawMessage) HTTPAnswer {
	if members, _, ok := objectOf(value); ok {
		return httpAnswer(members, "statusCode", "status")
	}
	answer := HTTPAnswer{Status: http.StatusOK, Header: http.Header{}}
	if len(value) > 0 && string(value) != "null" {
		answer.Body = []byte(plainText(value))
		answer.Header.Set("Content-Type", "text/plain; charset=utf-8")
	}
	return answer
}

func httpAnswer(members map[string]json.RawMessage, statusNames ...string) HTTPAnswer {
	answer := HTTPAnswer{Status: http.StatusOK, Header: http.Header{}}
	for i := len(statusNames) - 1; i >= 0; i-- {
		if code, err := strconv.Atoi(plain(members, statusNames[i])); err == nil && code >= 100 && code <= 999 {
			answer.Status = code
		}
	}
	if body := plain(members, "body"); body != "" {
		answer.Body = []byte(body)
		answer.Header.Set("Content-Type", "text/plain; charset=utf-8")
	}
	headers, _, _ := objectOf(member(members, "headers"))
	for name, value := range headers {
		answer.Header.Set(name, headerText(value))
	}
	return answer
}

// headerText keeps arrays and objects as the JSON text they are.
func headerText(raw json.RawMessage) string {
	text := plainText(raw)
	return strings.NewReplacer("\r", "", "\n", "").Replace(text)
}

func plain(members map[string]json.RawMessage, name string) string {
	raw := member(members, name)
	if len(raw) == 0 {
		return ""
	}
	return plainText(raw)
}

func member(members map[string]json.RawMessage, name string) json.RawMessage {
	for key, value := range members {
		if strings.EqualFold(key, name) {
			return value
		}
	}
	return nil
}
