package peer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"github.com/samkeeper/samkeeper/localworld"
	"github.com/samkeeper/samkeeper/sim/world"
)

// ourSide is the staged app as it is deployed, with the tasks of the comparison.
func ourSide(a *arena) side {
	return side{
		name: Samkeeper, scriptRoot: a.opts.ScriptRoot, command: []string{filepath.Join(a.opts.ScriptRoot, "handler")},
		settings: map[string]string{"SAMKEEPER_TASKS": strings.Join(Tasks, ",")},
		prepare:  consent, finish: closeRun, verify: verifyOurs,
	}
}

// consent signs the integration account in, through the pages.
func consent(ctx context.Context, b *bout) error {
	client := b.sim.HTTPClient()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	defer client.CloseIdleConnections()
	browser := &localworld.Browser{Client: client, Prefer: []string{"continue", "accept", "approve", "sign-in", "account-" + world.IntegrationUserID}}
	app := strings.Replace(b.host.URL(), "127.0.0.1", "localhost", 1) // as the redirect address is registered
	callback := app + "/api/consent/callback"
	page, err := browser.Walk(ctx, app+"/api/consent", callback)
	if err != nil {
		return err
	}
	if page.Status != http.StatusOK || !strings.HasPrefix(page.URL.String(), callback) {
		return fmt.Errorf("the sign-in ended at %s with HTTP %d", page.URL.Path, page.Status)
	}
	return nil
}

// closeRun lets the supervisor settle the run: that is part of a sweep.
func closeRun(ctx context.Context, b *bout) error {
	return b.host.Invoke(ctx, "SuperviseRuns", "")
}

// status is what is needed of the app's status page.
type status struct {
	Runs     []struct{ ID, State string } `json:"runs"`
	Findings []struct {
		Customer, Task, Key string
	} `json:"findings"`
	Open int `json:"findings_open"`
}

// verifyOurs compares the ledger's rows and the open findings with the world.
func verifyOurs(ctx context.Context, b *bout) error {
	s, err := readStatus(ctx, b.host.URL()+"/api/status")
	if err != nil {
		return err
	}
	if len(s.Runs) != 1 || s.Runs[0].State != "closed" || s.Open != len(s.Findings) {
		return fmt.Errorf("the status page shows runs %+v and %d of %d findings", s.Runs, len(s.Findings), s.Open)
	}
	book := newBook()
	for _, f := range s.Findings {
		book.finding(f.Customer, f.Task, f.Key)
	}
	if err := readOutcomes(ctx, b.storage.ConnectionString(), s.Runs[0].ID, book); err != nil {
		return err
	}
	return book.compare(b.want)
}

func readStatus(ctx context.Context, url string) (s status, err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return s, err
	}
	req.Header.Set("Accept", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return s, fmt.Errorf("asking for the status: %w", err)
	}
	defer func() { err = errors.Join(err, res.Body.Close()) }()
	if res.StatusCode != http.StatusOK {
		return s, fmt.Errorf("asking for the status: HTTP %d", res.StatusCode)
	}
	return s, json.NewDecoder(res.Body).Decode(&s)
}

// readOutcomes notes every outcome of the run.
func readOutcomes(ctx context.Context, connection, run string, into *book) error {
	service, err := aztables.NewServiceClientFromConnectionString(connection, nil)
	if err != nil {
		return fmt.Errorf("opening the outcomes: %w", err)
	}
	filter := "PartitionKey eq '" + run + "'"
	pager := service.NewClient("Outcomes").NewListEntitiesPager(&aztables.ListEntitiesOptions{Filter: &filter})
	for pager.More() {
		page, err := pager.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("reading the outcomes: %w", err)
		}
		for _, row := range page.Entities {
			var o struct{ Customer, Task, State, Reason string }
			if err := json.Unmarshal(row, &o); err != nil {
				return fmt.Errorf("reading the outcomes: %w", err)
			}
			into.outcome(o.Customer, o.Task, o.State, o.Reason)
		}
	}
	return nil
}
