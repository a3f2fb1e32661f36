package arm

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	azarm "github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
)

// maxPages ends a list that never ends.
const maxPages = 1000

// errPaging is wrapped by every complaint about a continuation.
var errPaging = errors.New("continuation refused")

// pages walks an SDK pager, with an end.
func pages[T any](ctx context.Context, pager *runtime.Pager[T], take func(T)) error {
	for range maxPages {
		if !pager.More() {
			return nil
		}
		page, err := pager.NextPage(ctx)
		if err != nil {
			return err
		}
		take(page)
	}
	return fmt.Errorf("%w: more than %d pages", errPaging, maxPages)
}

// list reads all pages of a path below the base, decoding each item as T.
func list[T any](ctx context.Context, s session, path string, query url.Values) ([]T, error) {
	client, err := azarm.NewClient("samkeeper", "v1.0.0", s.cred, s.options())
	if err != nil {
		return nil, err
	}
	at := s.client.base + path + "?" + query.Encode()
	var all []T
	seen := map[string]bool{}
	for range maxPages {
		if seen[at] {
			return nil, fmt.Errorf("%w: it repeats an earlier page", errPaging)
		}
		seen[at] = true
		var page struct {
			Value    []T    `json:"value"`
			NextLink string `json:"nextLink"`
		}
		if err := get(ctx, client.Pipeline(), at, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Value...)
		if page.NextLink == "" {
			return all, nil
		}
		at = page.NextLink
	}
	return nil, fmt.Errorf("%w: more than %d pages", errPaging, maxPages)
}

// get fetches one page; the pipeline refuses any host but the configured one.
func get(ctx context.Context, pipeline runtime.Pipeline, at string, out any) error {
	req, err := runtime.NewRequest(ctx, http.MethodGet, at)
	if err != nil {
		return fmt.Errorf("%w: link cannot be parsed", errPaging)
	}
	req.Raw().Header.Set("Accept", "application/json")
	resp, err := pipeline.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if !runtime.HasStatusCode(resp, http.StatusOK) {
		return runtime.NewResponseError(resp)
	}
	return runtime.UnmarshalAsJSON(resp, out)
}
