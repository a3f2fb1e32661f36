package shape_test

import (
	"slices"
	"testing"

	"github.com/samkeeper/samkeeper/sim/shape"
)

func TestDifferences(t *testing.T) {
	t.Parallel()
	published := `{"value":[{"id":"a","n":1,"note":null,"opt":"x"},{"id":"b","n":2,"note":null}],"next":"u"}`
	for name, row := range map[string]struct {
		document string
		want     []string
	}{
		"same":              {`{"value":[{"id":"c","n":3,"note":"free"}],"next":"v"}`, nil},
		"optional member":   {`{"value":[{"id":"c","n":3,"note":null,"opt":"y"}],"next":"v"}`, nil},
		"empty list":        {`{"value":[],"next":"v"}`, nil},
		"missing":           {`{"value":[{"id":"c","note":1}]}`, []string{"next: missing", "value[].n: missing"}},
		"missing in one":    {`{"value":[{"id":"c","n":1,"note":1},{"id":"d","note":1}],"next":"v"}`, []string{"value[].n: missing"}},
		"unknown":           {`{"value":[],"next":"v","more":1}`, []string{"more: unknown"}},
		"wrong type":        {`{"value":[{"id":"c","n":"3","note":1}],"next":"v"}`, []string{"value[].n: string, not [number]"}},
		"object, not list":  {`{"value":{},"next":"v"}`, []string{"value: object, not [array]"}},
		"null for a number": {`{"value":[{"id":"c","n":null,"note":1}],"next":"v"}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := shape.Of(shape.Decode(t, []byte(published))).Differences(shape.Decode(t, []byte(row.document)))
			if !slices.Equal(got, row.want) {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
}
