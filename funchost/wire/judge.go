package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"
)

// ErrNoAnswer says that the host never completes the invocation: it waits
// until functionTimeout and then kills the handler.
var ErrNoAnswer = errors.New("the handler's answer has no content: the invocation never completes")

// Answer is a successful invocation's result. Outputs is nil when the handler
// gave none.
type Answer struct {
	Outputs     map[string]json.RawMessage
	Logs        []string
	ReturnValue json.RawMessage
}

// Judge decides whether an HTTP answer, redirects already followed, completes
// the invocation. Any error but ErrNoAnswer is a failed invocation.
func Judge(status int, contentType string, body []byte) (Answer, error) {
	if status < 200 || status > 299 {
		return Answer{}, fmt.Errorf("the handler answered %d %s", status, http.StatusText(status))
	}
	if len(body) == 0 || status == http.StatusNoContent {
		return Answer{}, ErrNoAnswer
	}
	if err := checkMediaType(contentType); err != nil {
		return Answer{}, err
	}
	trimmed := bytes.TrimSpace(body)
	if string(trimmed) == "null" {
		return Answer{}, ErrNoAnswer
	}
	answer, err := parseAnswer(trimmed)
	if err != nil {
		return Answer{}, fmt.Errorf("the handler's answer cannot be read: %w: %s", err, body)
	}
	return answer, nil
}

func checkMediaType(contentType string) error {
	media, _, err := mime.ParseMediaType(contentType)
	if err != nil && !errors.Is(err, mime.ErrInvalidMediaParameter) {
		media = contentType
	}
	switch strings.ToLower(media) {
	case "application/json", "text/json":
		return nil
	}
	return fmt.Errorf("UnsupportedMediaType: no MediaTypeFormatter is available to read content with media type %q", contentType)
}

func parseAnswer(body []byte) (Answer, error) {
	members, order, ok := objectOf(body)
	if !ok {
		return Answer{}, errors.New("not a JSON object")
	}
	var answer Answer
	for _, name := range order { // names match in any case, unknown ones are ignored
		raw := members[name]
		var err error
		switch {
		case string(raw) == "null":
		case strings.EqualFold(name, "Outputs"):
			answer.Outputs, err = outputsOf(raw)
		case strings.EqualFold(name, "Logs"):
			answer.Logs, err = logsOf(raw)
		case strings.EqualFold(name, "ReturnValue"):
			answer.ReturnValue = raw
		}
		if err != nil {
			return Answer{}, fmt.Errorf("%s: %w", name, err)
		}
	}
	return answer, nil
}

func outputsOf(raw json.RawMessage) (map[string]json.RawMessage, error) {
	members, _, ok := objectOf(raw)
	if !ok {
		return nil, errors.New("not a JSON object")
	}
	return members, nil
}

// logsOf accepts scalars as text, which .NET converts, and refuses the rest.
func logsOf(raw json.RawMessage) ([]string, error) {
	var items []json.RawMessage
	if err := json.Unmarshal(raw, &items); err != nil {
		return nil, errors.New("not an array")
	}
	logs := make([]string, 0, len(items))
	for _, item := range items {
		if item[0] == '{' || item[0] == '[' {
			return nil, errors.New("an element is not text")
		}
		logs = append(logs, plainText(item))
	}
	return logs, nil
}

// Spread gives the outputs after the rule for ReturnValue: without a $return
// binding, the properties of an object are outputs too.
func (a Answer) Spread(hasReturn bool) map[string]json.RawMessage {
	members, _, ok := objectOf(a.ReturnValue)
	if hasReturn || !ok {
		return a.Outputs
	}
	out := map[string]json.RawMessage{}
	for _, source := range []map[string]json.RawMessage{a.Outputs, members} {
		for name, value := range source {
			out[name] = value
		}
	}
	return out
}
