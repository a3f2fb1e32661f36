package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

const (
	askTimeout = 2 * time.Minute // a status of 10,000 customers takes a while
	askLimit   = 256 << 20
)

// ask gets one of the app's pages as JSON; status is the HTTP status. The key
// goes into a header, never into an address that a proxy would log.
func (o *options) ask(ctx context.Context, path string) (body []byte, status int, err error) {
	if o.url == "" {
		return nil, 0, errors.New("where is the app? give --url or SAMCTL_URL, such as https://app.azurewebsites.net")
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	target := strings.TrimSuffix(o.url, "/") + path
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return nil, 0, fmt.Errorf("the address %q is not usable: %w", o.url, err)
	}
	req.Header.Set("Accept", "application/json")
	if key := o.functionKey(); key != "" {
		req.Header.Set("x-functions-key", key)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, 0, fmt.Errorf("asking the app: %w", err)
	}
	defer res.Body.Close()
	body, err = io.ReadAll(io.LimitReader(res.Body, askLimit))
	if err != nil {
		return nil, 0, fmt.Errorf("reading the app's answer: %w", err)
	}
	return body, res.StatusCode, nil
}

func (o *options) functionKey() string {
	if o.key != "" {
		return o.key
	}
	return o.env("SAMCTL_KEY")
}

// explain words an answer that is not the one wanted.
func explain(path string, status int) error {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return fmt.Errorf("the app refuses the function key (HTTP %d): take the current one from the portal, App keys, and set SAMCTL_KEY", status)
	case http.StatusNotFound:
		return fmt.Errorf("there is no %s here (HTTP 404): is the address right, and is the app published?", path)
	default:
		return fmt.Errorf("the app answered HTTP %d to %s: its log says why", status, path)
	}
}

func writeJSON(out io.Writer, v any) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}
