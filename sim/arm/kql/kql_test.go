package kql_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/sim/arm/kql"
)

var now = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

var columns = []string{"id", "name", "type", "n", "properties"}

func rows() []kql.Row {
	row := func(id, name, kind string, n float64, state, at string) kql.Row {
		return kql.Row{"id": id, "name": name, "type": kind, "n": n, "properties": map[string]any{
			"state": state, "at": at, "list": []any{"x", "y"}, "deep": map[string]any{"flag": state == "Bad"},
		}}
	}
	return []kql.Row{
		row("/1", "vm-01", "microsoft.compute/virtualmachines", 1, "Good", "2026-11-21T11:00:00.0000000Z"),
		row("/2", "vm-02", "microsoft.compute/virtualmachines", 2, "Bad", "2026-11-20T11:00:00.0000000Z"),
		row("/3", "st01", "microsoft.storage/storageaccounts", 3, "Ugly", "2026-10-01T11:00:00.0000000Z"),
	}
}

func run(t *testing.T, text string) (string, error) {
	t.Helper()
	q, err := kql.Parse(text)
	if err != nil {
		return "", err
	}
	result, err := q.Run(columns, rows(), now)
	if err != nil {
		return "", err
	}
	out, err := json.Marshal(result.Rows)
	if err != nil {
		t.Fatal(err)
	}
	return string(out), nil
}

func TestQueries(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"t | project id | take 2": `[{"id":"/1"},{"id":"/2"}]`,
		"T\n| where type =~ 'Microsoft.Storage/storageAccounts'\n| project id":       `[{"id":"/3"}]`,
		"t | where type == 'Microsoft.Storage/storageAccounts' | project id":         `[]`,
		"t | where tostring(properties.state) in~ ('bad','UGLY') | project id":       `[{"id":"/2"},{"id":"/3"}]`,
		"t | where properties.state in ('bad','Ugly') | project id":                  `[{"id":"/3"}]`,
		"t | where properties.state !in~ ('bad','Ugly') | project id":                `[{"id":"/1"}]`,
		"t | where properties.state != 'Good' and n < 3 | project id":                `[{"id":"/2"}]`,
		"t | where properties.state !~ 'GOOD' or n == 1 | count":                     `[{"Count":3}]`,
		"t | where not(properties.deep.flag) | project id":                           `[{"id":"/1"},{"id":"/3"}]`,
		"t | where properties['deep']['flag'] == true | project id":                  `[{"id":"/2"}]`,
		"t | where properties.list[1] == 'y' | summarize count()":                    `[{"count_":3}]`,
		"t | where name startswith 'VM' | project name":                              `[{"name":"vm-01"},{"name":"vm-02"}]`,
		"t | where name !contains '0' | project name":                                `[]`,
		"t | where type has 'compute' | project n":                                   `[{"n":1},{"n":2}]`,
		"t | where type has 'comp' | project n":                                      `[]`,
		"t | where todatetime(properties.at) > ago(2d) | project id":                 `[{"id":"/1"},{"id":"/2"}]`,
		"t | where todatetime(properties.at) < datetime(2026-11-01) | project id":    `[{"id":"/3"}]`,
		"t | where isempty(properties.none) and isnull(properties.none) | count":     `[{"Count":3}]`,
		"t | summarize count_ = count() by type | order by count_ desc, type asc":    `[{"count_":2,"type":"microsoft.compute/virtualmachines"},{"count_":1,"type":"microsoft.storage/storageaccounts"}]`,
		"t | summarize bad=countif(properties.state=='Bad'), kinds=dcount(type)":     `[{"bad":1,"kinds":2}]`,
		"t | summarize least=min(n), most=max(n), all=sum(n)":                        `[{"all":6,"least":1,"most":3}]`,
		"t | where n > 5 | summarize count() by type":                                `[]`,
		"t | where n > 5 | summarize count()":                                        `[{"count_":0}]`,
		"t | distinct type | sort by type asc":                                       `[{"type":"microsoft.compute/virtualmachines"},{"type":"microsoft.storage/storageaccounts"}]`,
		"t | top 1 by n | project id":                                                `[{"id":"/3"}]`,
		"t | order by n desc nulls last | limit 1 | project n":                       `[{"n":3}]`,
		"t | extend state = tolower(properties.state) | project state | take 1":      `[{"state":"good"}]`,
		"t | project-away properties, type, n, name | take 1":                        `[{"id":"/1"}]`,
		"t | project s = iff(n > 1, strcat('big', '-', n), 'small') | take 2":        `[{"s":"small"},{"s":"big-2"}]`,
		"t | project properties.state, tostring(properties.at) | take 1":             `[{"properties_at":"2026-11-21T11:00:00.0000000Z","properties_state":"Good"}]`,
		"t | project last = split(id, '/')[1] | take 1":                              `[{"last":"1"}]`,
		"t // a comment\n | where name == \"vm-01\" // and another\n | project id":   `[{"id":"/1"}]`,
		`t | where name == @'vm-01' or name == 'it\'s' | project id`:                 `[{"id":"/1"}]`,
		"t | where (n == 1 or n == 2) and (name == 'vm-02') | project id":            `[{"id":"/2"}]`,
		"t | project x = coalesce(properties.none, name), y = strlen(name) | take 1": `[{"x":"vm-01","y":5}]`,
	} {
		got, err := run(t, text)
		if err != nil || got != want {
			t.Errorf("%s\n got %s, %v\nwant %s", text, got, err, want)
		}
	}
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	for text, token := range map[string]string{
		"":                              "",
		"t |":                           "",
		"t | where":                     "",
		"t | frobnicate x":              "frobnicate",
		"t | join kind=inner (t) on id": "join",
		"t | mv-expand properties":      "mv-expand",
		"t where n == 1":                "where",
		"t | where n = 1":               "=",
		"t | where n ==":                "",
		"t | where unknown == 1":        "unknown",
		"t | project id | where n == 1": "n",
		"t | where launch(n)":           "launch",
		"t | where tolower()":           "tolower",
		"t | where count() > 1":         "count",
		"t | extend x = dcount(n)":      "dcount",
		"t | summarize n by type":       "by",
		"t | summarize x = count":       "",
		"t | where name == 'open":       "'open",
		"t | where n in 1":              "1",
		"t | where n in (1":             "",
		"t | where n > 5 parsecs":       "parsecs",
		"t | where n > 5parsecs":        "5parsecs",
		"t | where n > datetime(soon)":  "(",
		"t | take many":                 "many",
		"t | order n":                   "n",
		"t | order by n nulls middle":   "",
		"t | where name ~ 'x'":          "~",
		"t; u":                          ";",
	} {
		_, err := run(t, text)
		var bad *kql.Error
		if !errors.As(err, &bad) {
			t.Errorf("%q: %v, want a *kql.Error", text, err)
			continue
		}
		if bad.Token != token {
			t.Errorf("%q: %v, want it near %q", text, bad, token)
		}
	}
}

func TestErrorPlace(t *testing.T) {
	t.Parallel()
	_, err := kql.Parse("t\n| where n == 1\n| launch n")
	var bad *kql.Error
	if !errors.As(err, &bad) || bad.Line != 3 || bad.Column != 3 {
		t.Errorf("error is %v", err)
	}
}

func TestLimitedResults(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{"t | take 2": true, "t | top 2 by n": true, "t | where n > 1": false} {
		q, err := kql.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		result, err := q.Run(columns, rows(), now)
		if err != nil || result.Limited != want {
			t.Errorf("%s: limited %v, %v", text, result.Limited, err)
		}
	}
}

// FuzzQuery: any text either fails with a *kql.Error or gives rows that have
// every column of the result.
func FuzzQuery(f *testing.F) {
	for _, text := range []string{
		"resources | where type =~ 'x' | project id, properties",
		"t | summarize count_ = count() by type, bin = tolower(name) | order by count_ desc | take 10",
		"t | where tostring(properties.a['b'][0]) in~ ('x', \"y\") and not(n >= 1.5 or isnull(id))",
		"t | extend age = ago(1d), d = datetime(2026-01-01) | top 3 by age asc nulls first",
		"t | project-away properties // end",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		q, err := kql.Parse(text)
		var bad *kql.Error
		if err != nil {
			if !errors.As(err, &bad) {
				t.Fatalf("parse error of type %T", err)
			}
			return
		}
		result, err := q.Run(columns, rows(), now)
		if err != nil {
			if !errors.As(err, &bad) {
				t.Fatalf("run error of type %T", err)
			}
			return
		}
		for _, row := range result.Rows {
			for _, name := range result.Columns {
				if _, has := row[name]; !has {
					t.Fatalf("row %v lacks column %s", row, name)
				}
			}
		}
	})
}
