package storage

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue/v2"
)

// Names of queues, tables and containers.
const (
	QueueCustomerJobs = "customer-jobs"
	QueuePoison       = "customer-jobs-poison"
	QueueFindings     = "findings"

	TableConnections   = "Connections"
	TableCustomers     = "Customers"
	TableRuns          = "Runs"
	TableOutcomes      = "Outcomes"
	TableFindings      = "Findings"
	TableAudit         = "Audit"
	TableConsentStates = "ConsentStates"
	TableThrottles     = "Throttles"

	ContainerLeases  = "leases"
	ContainerResults = "results"
)

// Config says where the storage account is and what opens it: a connection
// string, or three https URLs with a credential. HTTP is optional.
type Config struct {
	ConnectionString            string
	BlobURL, QueueURL, TableURL string
	Credential                  azcore.TokenCredential
	HTTP                        *http.Client
}

// AccountURLs is the Config of an account by name, as the setting
// AzureWebJobsStorage__accountName means it. The suffix is the cloud's
// ("core.windows.net").
func AccountURLs(account, suffix string, cred azcore.TokenCredential) Config {
	at := func(svc string) string { return fmt.Sprintf("https://%s.%s.%s", account, svc, suffix) }
	return Config{BlobURL: at("blob"), QueueURL: at("queue"), TableURL: at("table"), Credential: cred}
}

// Clients are the three services of one account. They are safe for concurrent
// use and share one retry policy and one way to report failures (see doc.go).
type Clients struct {
	blobs  *service.Client
	queues *azqueue.ServiceClient
	tables *aztables.ServiceClient
}

// New checks the configuration and makes the clients; it does not call out.
func New(c Config) (*Clients, error) {
	var clients *Clients
	var err error
	switch {
	case c.ConnectionString != "" && c.Credential != nil:
		err = errors.New("a connection string and a credential exclude each other")
	case c.ConnectionString != "":
		clients, err = fromConnectionString(c)
	default:
		clients, err = fromCredential(c)
	}
	if err != nil {
		return nil, fmt.Errorf("storage clients: %w", err)
	}
	return clients, nil
}

// Queue is a queue by name. Its text is base64, see [Clients.Send].
func (c *Clients) Queue(name string) *azqueue.QueueClient { return c.queues.NewQueueClient(name) }

// Table is a table by name.
func (c *Clients) Table(name string) *aztables.Client { return c.tables.NewClient(name) }

// Container is a blob container by name.
func (c *Clients) Container(name string) *container.Client { return c.blobs.NewContainerClient(name) }

func fromConnectionString(c Config) (*Clients, error) {
	a, err := ParseConnectionString(c.ConnectionString)
	if err != nil {
		return nil, err
	}
	if !a.SAS.Empty() {
		return fromSAS(a, c.HTTP)
	}
	blobKey, err := service.NewSharedKeyCredential(a.Name, a.Key.Reveal())
	if err != nil {
		return nil, fmt.Errorf("account key: %w", ErrBadConnectionString)
	}
	queueKey, err := azqueue.NewSharedKeyCredential(a.Name, a.Key.Reveal())
	if err != nil {
		return nil, fmt.Errorf("account key: %w", ErrBadConnectionString)
	}
	tableKey, err := aztables.NewSharedKeyCredential(a.Name, a.Key.Reveal())
	if err != nil {
		return nil, fmt.Errorf("account key: %w", ErrBadConnectionString)
	}
	var clients Clients
	var errs [3]error
	clients.blobs, errs[0] = service.NewClientWithSharedKeyCredential(a.BlobURL, blobKey, &service.ClientOptions{ClientOptions: options(serviceBlob, c.HTTP)})
	clients.queues, errs[1] = azqueue.NewServiceClientWithSharedKeyCredential(a.QueueURL, queueKey, &azqueue.ClientOptions{ClientOptions: options(serviceQueue, c.HTTP)})
	clients.tables, errs[2] = aztables.NewServiceClientWithSharedKey(a.TableURL, tableKey, &aztables.ClientOptions{ClientOptions: options(serviceTable, c.HTTP)})
	return &clients, errors.Join(errs[:]...)
}

// fromSAS opens the account with a shared access signature; it must be an
// account SAS for all three services that allows creating.
func fromSAS(a Account, client *http.Client) (*Clients, error) {
	sas := "?" + a.SAS.Reveal()
	var clients Clients
	var errs [3]error
	clients.blobs, errs[0] = service.NewClientWithNoCredential(a.BlobURL+"/"+sas, &service.ClientOptions{ClientOptions: options(serviceBlob, client)})
	clients.queues, errs[1] = azqueue.NewServiceClientWithNoCredential(a.QueueURL+"/"+sas, &azqueue.ClientOptions{ClientOptions: options(serviceQueue, client)})
	clients.tables, errs[2] = aztables.NewServiceClientWithNoCredential(a.TableURL+"/"+sas, &aztables.ClientOptions{ClientOptions: options(serviceTable, client)})
	return &clients, errors.Join(errs[:]...)
}

func fromCredential(c Config) (*Clients, error) {
	if c.Credential == nil {
		return nil, errors.New("neither a connection string nor a credential")
	}
	var errs []error
	for name, endpoint := range map[string]string{"blob": c.BlobURL, "queue": c.QueueURL, "table": c.TableURL} {
		if u, err := url.Parse(endpoint); err != nil || u.Scheme != "https" || u.Host == "" {
			errs = append(errs, fmt.Errorf("%s service %q: want an https URL, tokens are sent to no other", name, endpoint))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	var clients Clients
	var made [3]error
	clients.blobs, made[0] = service.NewClient(strings.TrimRight(c.BlobURL, "/"), c.Credential, &service.ClientOptions{ClientOptions: options(serviceBlob, c.HTTP)})
	clients.queues, made[1] = azqueue.NewServiceClient(strings.TrimRight(c.QueueURL, "/"), c.Credential, &azqueue.ClientOptions{ClientOptions: options(serviceQueue, c.HTTP)})
	clients.tables, made[2] = aztables.NewServiceClient(strings.TrimRight(c.TableURL, "/"), c.Credential, &aztables.ClientOptions{ClientOptions: options(serviceTable, c.HTTP)})
	return &clients, errors.Join(made[:]...)
}

// Two tries and no long sleep: a handler is billed while it waits, and every
// step can be repeated by the queue or the next timer.
const (
	maxRetries    = 1
	retryDelay    = 300 * time.Millisecond
	maxRetryDelay = time.Second
	tryTimeout    = 30 * time.Second
)

func options(svc string, client *http.Client) azcore.ClientOptions {
	o := azcore.ClientOptions{
		Retry:           policy.RetryOptions{MaxRetries: maxRetries, RetryDelay: retryDelay, MaxRetryDelay: maxRetryDelay, TryTimeout: tryTimeout},
		PerCallPolicies: []policy.Policy{problems{svc}},
		Telemetry:       policy.TelemetryOptions{ApplicationID: "samkeeper"},
	}
	if client != nil {
		o.Transport = client
	}
	return o
}
