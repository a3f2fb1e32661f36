package arm

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armresources"
)

// TypeCount is how many resources of one type there are.
type TypeCount struct {
	Type  string `json:"type"` // lower case
	Count int    `json:"count"`
}

const countQuestion = `resources | summarize n = count() by type`

// ResourceCounts counts the resources of the subscriptions by type, ordered by
// type.
func (c *Client) ResourceCounts(ctx context.Context, cred azcore.TokenCredential, subscriptions []string) (View[TypeCount], error) {
	s := c.begin(cred, "count resources")
	v, err := view(s, subscriptions,
		func() ([]TypeCount, error) { return s.countByGraph(ctx, subscriptions) },
		func(subscription string) ([]TypeCount, error) { return s.countByList(ctx, subscription) })
	if err != nil {
		return v, err
	}
	v.Items = sumByType(v.Items)
	return v, nil
}

func (s session) countByGraph(ctx context.Context, subscriptions []string) ([]TypeCount, error) {
	rows, err := ask[struct {
		Type string  `json:"type"`
		N    float64 `json:"n"`
	}](ctx, s, countQuestion, subscriptions)
	if err != nil {
		return nil, err
	}
	counts := make([]TypeCount, 0, len(rows))
	for _, r := range rows {
		counts = append(counts, TypeCount{r.Type, int(r.N)})
	}
	return counts, nil
}

func (s session) countByList(ctx context.Context, subscription string) ([]TypeCount, error) {
	client, err := armresources.NewClient(subscription, s.cred, s.options())
	if err != nil {
		return nil, err
	}
	var counts []TypeCount
	err = pages(ctx, client.NewListPager(nil), func(page armresources.ClientListResponse) {
		for _, r := range page.Value {
			if r != nil {
				counts = append(counts, TypeCount{value(r.Type), 1})
			}
		}
	})
	return counts, err
}

// sumByType adds up counts of the same type, whatever its case.
func sumByType(counts []TypeCount) []TypeCount {
	sums := map[string]int{}
	for _, c := range counts {
		sums[strings.ToLower(c.Type)] += c.Count
	}
	summed := make([]TypeCount, 0, len(sums))
	for _, t := range slices.Sorted(maps.Keys(sums)) {
		summed = append(summed, TypeCount{t, sums[t]})
	}
	return summed
}
