package storage_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/storage"
)

// answering makes clients of an account that gives every call the same answer,
// and counts the calls.
func answering(t *testing.T, status int, code string, header http.Header) (*storage.Clients, *atomic.Int32) {
	t.Helper()
	var calls atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		for name, values := range header {
			w.Header()[name] = values
		}
		w.Header().Set("x-ms-request-id", "req-1")
		if code != "" {
			w.Header().Set("x-ms-error-code", code)
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(server.Close)
	return open(t, fmt.Sprintf("AccountName=a;AccountKey=%s;BlobEndpoint=%[2]s;QueueEndpoint=%[2]s;TableEndpoint=%[2]s", aKey, server.URL)), &calls
}

// calls of each service.
var calls = map[string]func(context.Context, *storage.Clients) error{
	"blob": func(ctx context.Context, c *storage.Clients) error {
		_, err := c.Container("leases").Create(ctx, nil)
		return err
	},
	"queue": func(ctx context.Context, c *storage.Clients) error {
		return c.Send(ctx, "findings", []byte("x"), 0)
	},
	"table": func(ctx context.Context, c *storage.Clients) error {
		_, err := c.Table("Runs").GetEntity(ctx, "p", "r", nil)
		return err
	},
	"batch": func(ctx context.Context, c *storage.Clients) error {
		_, err := c.Table("Runs").SubmitTransaction(ctx, []aztables.TransactionAction{
			{ActionType: aztables.TransactionTypeAdd, Entity: []byte(`{"PartitionKey":"p","RowKey":"s"}`)},
		}, nil)
		return err
	},
}

func TestAnswersBecomeProblems(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		call   string
		status int
		code   string
		header http.Header
		class  sam.Class
		fix    string // must be in the fix
		calls  int32
	}{
		"role missing, table": {"table", 403, "AuthorizationPermissionMismatch", nil, sam.ClassConfiguration, "Storage Table Data Contributor", 1},
		"role missing, batch": {"batch", 403, "AuthorizationPermissionMismatch", nil, sam.ClassConfiguration, "Storage Table Data Contributor", 1},
		"role missing, queue": {"queue", 403, "AuthorizationPermissionMismatch", nil, sam.ClassConfiguration, "Storage Queue Data Contributor", 1},
		"role missing, blob":  {"blob", 403, "AuthorizationPermissionMismatch", nil, sam.ClassConfiguration, "Storage Blob Data Contributor", 1},
		"firewall":            {"blob", 403, "AuthorizationFailure", nil, sam.ClassConfiguration, "firewall", 1},
		"no keys allowed":     {"queue", 403, "KeyBasedAuthenticationNotPermitted", nil, sam.ClassConfiguration, "managed identity", 1},
		"unknown refusal":     {"queue", 403, "SomethingNew", nil, sam.ClassConfiguration, "Storage Queue Data Contributor", 1},
		"table is missing":    {"table", 404, "TableNotFound", nil, sam.ClassConfiguration, "Restart", 1},
		"queue being deleted": {"queue", 409, "QueueBeingDeleted", nil, sam.ClassRetry, "by itself", 1},
		"wrong request":       {"table", 400, "InvalidInput", nil, sam.ClassConfiguration, "request id", 1},
		"out of order":        {"table", 500, "InternalError", nil, sam.ClassRetry, "by itself", 2},
		"busy":                {"blob", 503, "ServerBusy", nil, sam.ClassRetry, "by itself", 2},
		"busy for long":       {"queue", 503, "ServerBusy", http.Header{"Retry-After": {"7"}}, sam.ClassRetry, "by itself", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, count := answering(t, row.status, row.code, row.header)
			p := sam.AsProblem(calls[row.call](t.Context(), c))
			if p == nil {
				t.Fatal("no problem")
			}
			if p.Class != row.class || p.Code != row.code || p.Status != row.status || p.RequestID != "req-1" || p.Plain == "" || !strings.Contains(p.Fix, row.fix) {
				t.Errorf("%+v", p)
			}
			if wait := p.RetryAfter == 7*time.Second; wait != (row.header != nil) {
				t.Errorf("wait %v", p.RetryAfter)
			}
			if n := count.Load(); n != row.calls {
				t.Errorf("%d calls, want %d", n, row.calls)
			}
		})
	}
}

func TestAnswersThatCallersAskFor(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		call   string
		status int
		code   string
	}{
		"no such row":        {"table", 404, "ResourceNotFound"},
		"row changed":        {"table", 412, "UpdateConditionNotSatisfied"},
		"row exists":         {"table", 409, "EntityAlreadyExists"},
		"container exists":   {"blob", 409, "ContainerAlreadyExists"},
		"no code at all":     {"blob", 404, ""},
		"transaction at 409": {"batch", 409, ""},
	} {
		c, _ := answering(t, row.status, row.code, nil)
		err := calls[row.call](t.Context(), c)
		var answer *azcore.ResponseError
		if sam.AsProblem(err) != nil || !errors.As(err, &answer) || answer.StatusCode != row.status {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNoAnswer(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close() // nobody listens there any more
	c := open(t, fmt.Sprintf("AccountName=a;AccountKey=%s;BlobEndpoint=%[2]s;QueueEndpoint=%[2]s;TableEndpoint=%[2]s", aKey, server.URL))
	for name, call := range calls {
		if p := sam.AsProblem(call(t.Context(), c)); p == nil || p.Class != sam.ClassRetry || p.Status != 0 || p.Err == nil {
			t.Errorf("%s: %+v", name, p)
		}
	}
}

func TestEndedContextIsSaid(t *testing.T) {
	t.Parallel()
	c, count := answering(t, 200, "", nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, call := range calls {
		if err := call(ctx, c); !errors.Is(err, context.Canceled) || sam.ClassOf(err) != sam.ClassRetry {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := count.Load(); n != 0 {
		t.Errorf("%d calls", n)
	}
}

// refused is a credential failure that no repetition mends.
type refused struct{}

func (refused) Error() string { return "no identity is assigned" }
func (refused) NonRetriable() {}

func TestTokens(t *testing.T) {
	t.Parallel()
	var authorization atomic.Value
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		authorization.Store(r.Header.Get("Authorization"))
		w.Header().Set("x-ms-error-code", "AuthorizationPermissionMismatch")
		w.WriteHeader(http.StatusForbidden)
	}))
	t.Cleanup(server.Close)
	for name, call := range calls {
		c, err := storage.New(storage.Config{
			BlobURL: server.URL, QueueURL: server.URL, TableURL: server.URL + "/", Credential: credential{}, HTTP: server.Client(),
		})
		if err != nil {
			t.Fatal(err)
		}
		if p := sam.AsProblem(call(t.Context(), c)); p == nil || p.Status != 403 || strings.Contains(p.Error(), "a-token") {
			t.Errorf("%s: %v", name, p)
		}
		if have := authorization.Swap(""); have != "Bearer a-token" {
			t.Errorf("%s: Authorization %q", name, have)
		}
		c, err = storage.New(storage.Config{
			BlobURL: server.URL, QueueURL: server.URL, TableURL: server.URL, Credential: credential{refused{}}, HTTP: server.Client(),
		})
		if err != nil {
			t.Fatal(err)
		}
		if p := sam.AsProblem(call(t.Context(), c)); p == nil || p.Class != sam.ClassConfiguration || !strings.Contains(p.Fix, "identity") {
			t.Errorf("%s, no token: %v", name, p)
		}
	}
}
