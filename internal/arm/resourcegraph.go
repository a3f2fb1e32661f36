package arm

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resourcegraph/armresourcegraph"

	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/upstream"
)

// pageRows is the most Resource Graph returns at once.
const pageRows = 1000

// maxScope is the most subscriptions one question may name.
const maxScope = 1000

// ask puts one question to Resource Graph for the given subscriptions and
// decodes every row of every page as T. To be paged, the projection must
// contain an id.
func ask[T any](ctx context.Context, s session, question string, subscriptions []string) ([]T, error) {
	client, err := armresourcegraph.NewClient(s.cred, s.options())
	if err != nil {
		return nil, err
	}
	var all []T
	for len(subscriptions) > 0 {
		n := min(len(subscriptions), maxScope)
		rows, err := askPages[T](ctx, client, question, subscriptions[:n])
		if err != nil {
			return nil, err
		}
		all = append(all, rows...)
		subscriptions = subscriptions[n:]
	}
	return all, nil
}

func askPages[T any](ctx context.Context, client *armresourcegraph.Client, question string, subscriptions []string) ([]T, error) {
	request := armresourcegraph.QueryRequest{
		Query:         &question,
		Subscriptions: to.SliceOfPtrs(subscriptions...),
		Options: &armresourcegraph.QueryRequestOptions{
			ResultFormat: to.Ptr(armresourcegraph.ResultFormatObjectArray),
			Top:          to.Ptr[int32](pageRows),
		},
	}
	var all []T
	seen := map[string]bool{}
	for range maxPages {
		var raw *http.Response
		answer, err := client.Resources(policy.WithCaptureResponse(ctx, &raw), request, nil)
		if err != nil {
			return nil, err
		}
		rows, err := decodeRows[T](raw)
		if err != nil {
			return nil, err
		}
		all = append(all, rows...)
		token := value(answer.SkipToken)
		if token == "" {
			return all, nil
		}
		if seen[token] {
			return nil, fmt.Errorf("%w: its token repeats", errPaging)
		}
		seen[token] = true
		request.Options.SkipToken = &token
	}
	return nil, fmt.Errorf("%w: more than %d pages", errPaging, maxPages)
}

// decodeRows reads the rows as T from the answer itself: the SDK has made them
// untyped, and making JSON of that again costs more than reading it twice.
func decodeRows[T any](answer *http.Response) ([]T, error) {
	body, err := runtime.Payload(answer) // the SDK has read it and keeps it
	if err != nil {
		return nil, fmt.Errorf("rows of Resource Graph: %w", err)
	}
	var page struct {
		Data []T `json:"data"`
	}
	if err := json.Unmarshal(body, &page); err != nil {
		return nil, fmt.Errorf("rows of Resource Graph: %w", err)
	}
	return page.Data, nil
}

// refused reports whether Resource Graph said no in a way that the older lists
// may not: the question, the permission, the service. Throttling, a refused
// token and silence concern the lists as well.
func refused(err error) bool {
	if sam.AsProblem(err) != nil {
		return false // no token: nothing else will work either
	}
	a, answered := upstream.AnswerOf(err)
	if !answered || a.Challenged() {
		return false
	}
	switch a.Status {
	case http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound:
		return true
	}
	return a.Status >= http.StatusInternalServerError
}

// Source says which way an answer came.
type Source string

// The sources.
const (
	ResourceGraph Source = "resource-graph"
	Lists         Source = "lists" // of each subscription
)

// View is an answer about all subscriptions.
type View[T any] struct {
	Items  []T    `json:"items"`
	Source Source `json:"source"`
	// Unread are the subscriptions that could not be read, with the upstream
	// code; only with Lists, and never all of them.
	Unread map[string]string `json:"unread,omitempty"`
}

// view asks Resource Graph and falls back to a list of each subscription.
func view[T any](s session, subscriptions []string,
	graph func() ([]T, error), one func(subscription string) ([]T, error),
) (View[T], error) {
	items, err := graph()
	if err == nil {
		return View[T]{Items: nonNil(items), Source: ResourceGraph}, nil
	}
	if !refused(err) {
		return View[T]{}, s.problem(err)
	}
	v := View[T]{Items: []T{}, Source: Lists, Unread: map[string]string{}}
	for _, subscription := range subscriptions {
		items, err := one(subscription)
		if err = s.problem(err); err != nil {
			p := sam.AsProblem(err)
			if p.Reason == sam.NoReason || p.Reason == sam.BlockedByPolicy || len(v.Unread)+1 == len(subscriptions) {
				return View[T]{}, err
			}
			v.Unread[subscription] = p.Code
			continue
		}
		v.Items = append(v.Items, items...)
	}
	return v, nil
}

// nonNil makes "none" an empty list in JSON.
func nonNil[T any](items []T) []T {
	if items == nil {
		return []T{}
	}
	return items
}
