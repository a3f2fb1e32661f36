package main

import (
	"context"
	"errors"
	"fmt"
	"os/user"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/samkeeper/samkeeper/cmd/internal/reach"
	"github.com/samkeeper/samkeeper/internal/config"
	"github.com/samkeeper/samkeeper/internal/fleet"
	"github.com/samkeeper/samkeeper/internal/jobs"
	"github.com/samkeeper/samkeeper/internal/lease"
	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/storage"
	"github.com/samkeeper/samkeeper/internal/throttle"
)

// desk is where verbs work on the storage account itself. Nothing has called
// out yet.
type desk struct {
	jobs   *jobs.Jobs
	ledger *ledger.Ledger
}

// desk opens the storage account that the settings name, the way the app does.
func (o *options) desk() (*desk, error) {
	env, err := settings(o.settings, o.env)
	if err != nil {
		return nil, err
	}
	cfg, err := config.ParseStorage(env)
	if err != nil {
		return nil, err
	}
	clients, err := reach.Storage(cfg, reach.Client(nil, nil))
	if err != nil {
		return nil, err
	}
	tasks, err := named(config.KnownTasks)
	if err != nil {
		return nil, err
	}
	book := ledger.New(clients.Table, nil)
	office, err := jobs.New(jobs.Deps{
		Ledger: book, Results: ledger.NewResultStore(clients.Container(storage.ContainerResults)), Queue: clients,
		Leases: jobs.BlobLeases(lease.New(clients.Container(storage.ContainerLeases))), Gate: throttle.New(clients.Table(storage.TableThrottles)),
		Tokens: nobody{}, Fleet: nobody{}, Tasks: tasks, RunDeadline: cfg.RunDeadline,
	})
	if err != nil {
		return nil, err
	}
	return &desk{jobs: office, ledger: book}, nil
}

// errVisits is what happens if samctl is asked to do the app's own work.
var errVisits = errors.New("samctl looks after runs and visits nobody; that is the app's work")

// task is a task by name only: samctl sends jobs, the app does them.
type task string

func (t task) Name() string { return string(t) }

func (task) Run(context.Context, jobs.Visit) (jobs.Result, error) { return jobs.Result{}, errVisits }

func named(names []string) (*jobs.Registry, error) {
	tasks := make([]jobs.Task, len(names))
	for i, name := range names {
		tasks[i] = task(name)
	}
	return jobs.NewRegistry(tasks...)
}

// nobody has no tokens and discovers nothing.
type nobody struct{}

func (nobody) Credential(sam.ConnectionID, sam.TenantID) azcore.TokenCredential { return nil }

func (nobody) Discover(context.Context, fleet.Connection) (fleet.Discovery, error) {
	return fleet.Discovery{}, errVisits
}

// person is in whose name samctl acts: as told, or who is logged in.
func (o *options) person() string {
	if o.by != "" {
		return o.by
	}
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username + " (samctl)"
	}
	return "samctl"
}

// inPlainWords is what a person reads of an error: a storage problem's sentence
// and its fix, with what to quote.
func inPlainWords(err error) string {
	p := sam.AsProblem(err)
	if p == nil || p.Plain == "" {
		return err.Error()
	}
	fix := p.Fix
	if p.Class == sam.ClassConfiguration && p.Status == 0 {
		fix = "Sign in with `az login` as somebody who has the roles Storage Table, Queue and Blob Data Contributor on the account, or set AzureWebJobsStorage to its connection string."
	}
	text := p.Plain + " " + fix
	if p.Code != "" || p.RequestID != "" {
		text += fmt.Sprintf(" (%s, request %s)", p.Code, p.RequestID)
	}
	return text
}
