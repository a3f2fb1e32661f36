package storage_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/storage"
	"github.com/samkeeper/samkeeper/localworld/azurite"
	"github.com/samkeeper/samkeeper/sim/simtest"
)

// onEach runs a test on an account of Azurite's and on a simulated one.
func onEach(t *testing.T, test func(t *testing.T, connectionString string)) {
	t.Helper()
	t.Run("azurite", func(t *testing.T) { t.Parallel(); test(t, azurite.ForTest(t).ConnectionString()) })
	t.Run("simulated", func(t *testing.T) { t.Parallel(); test(t, simtest.Storage(t).ConnectionString()) })
}

// open makes clients from a connection string.
func open(t *testing.T, connectionString string) *storage.Clients {
	t.Helper()
	c, err := storage.New(storage.Config{ConnectionString: connectionString})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestEnsureByManyAtOnceAndAgain(t *testing.T) {
	t.Parallel()
	onEach(t, ensureByManyAtOnceAndAgain)
}

func ensureByManyAtOnceAndAgain(t *testing.T, account string) {
	t.Helper()
	errs := make([]error, 4)
	var all sync.WaitGroup
	for i := range errs {
		clients := open(t, account)
		all.Go(func() { errs[i] = clients.Ensure(t.Context()) })
	}
	all.Wait()
	c := open(t, account)
	if err := errors.Join(append(errs, c.Ensure(t.Context()))...); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{storage.QueueCustomerJobs, storage.QueuePoison, storage.QueueFindings} {
		if _, err := c.Queue(name).GetProperties(t.Context(), nil); err != nil {
			t.Error(name, err)
		}
	}
	for _, name := range []string{storage.ContainerLeases, storage.ContainerResults} {
		if _, err := c.Container(name).GetProperties(t.Context(), nil); err != nil {
			t.Error(name, err)
		}
	}
	for _, name := range []string{
		storage.TableConnections, storage.TableCustomers, storage.TableRuns, storage.TableOutcomes,
		storage.TableFindings, storage.TableAudit, storage.TableConsentStates, storage.TableThrottles,
	} {
		if _, err := c.Table(name).NewListEntitiesPager(nil).NextPage(t.Context()); err != nil {
			t.Error(name, err)
		}
	}
}

func TestSendIsReadBackByteForByte(t *testing.T) { t.Parallel(); onEach(t, sendIsReadBackByteForByte) }

func sendIsReadBackByteForByte(t *testing.T, account string) {
	t.Helper()
	c := open(t, account)
	if err := c.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	largest := make([]byte, storage.MaxMessage)
	for i := range largest {
		largest[i] = byte(i)
	}
	for _, body := range [][]byte{{}, []byte(`{"v":1,"run":"é<&>\u0000"}`), largest} {
		if err := c.Send(t.Context(), storage.QueueFindings, body, 0); err != nil {
			t.Fatal(err)
		}
		resp, err := c.Queue(storage.QueueFindings).DequeueMessage(t.Context(), nil)
		if err != nil || len(resp.Messages) != 1 {
			t.Fatal(len(resp.Messages), err)
		}
		m := resp.Messages[0]
		if have, err := base64.StdEncoding.DecodeString(*m.MessageText); err != nil || string(have) != string(body) {
			t.Errorf("%d bytes came back as %d, error %v", len(body), len(have), err)
		}
		if m.ExpirationTime.Before(time.Now().AddDate(50, 0, 0)) {
			t.Errorf("the message expires on %v", m.ExpirationTime)
		}
		if _, err := c.Queue(storage.QueueFindings).DeleteMessage(t.Context(), *m.MessageID, *m.PopReceipt, nil); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSendLater(t *testing.T) { t.Parallel(); onEach(t, sendLater) }

func sendLater(t *testing.T, account string) {
	t.Helper()
	c := open(t, account)
	if err := c.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, delay := range []time.Duration{time.Millisecond, 10 * time.Minute, storage.MaxDelay} {
		if err := c.Send(t.Context(), storage.QueueCustomerJobs, []byte("later"), delay); err != nil {
			t.Fatal(delay, err)
		}
		resp, err := c.Queue(storage.QueueCustomerJobs).DequeueMessage(t.Context(), nil)
		if err != nil || len(resp.Messages) != 0 {
			t.Errorf("after %v: %d messages at once, error %v", delay, len(resp.Messages), err)
		}
		if _, err := c.Queue(storage.QueueCustomerJobs).ClearMessages(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSendRefuses(t *testing.T) {
	t.Parallel()
	c := open(t, "UseDevelopmentStorage=true") // nothing is called
	for name, row := range map[string]struct {
		size  int
		delay time.Duration
		want  error
	}{
		"too large": {storage.MaxMessage + 1, 0, storage.ErrMessageTooLarge},
		"too late":  {1, storage.MaxDelay + 1, storage.ErrDelayTooLong},
		"too early": {1, -time.Second, storage.ErrDelayTooLong},
	} {
		if err := c.Send(t.Context(), storage.QueueFindings, make([]byte, row.size), row.delay); !errors.Is(err, row.want) {
			t.Errorf("%s: error %v, want %v", name, err, row.want)
		}
	}
}

func TestMissingQueueAndWrongKey(t *testing.T) { t.Parallel(); onEach(t, missingQueueAndWrongKey) }

func missingQueueAndWrongKey(t *testing.T, account string) {
	t.Helper()
	err := open(t, account).Send(t.Context(), storage.QueueFindings, []byte("x"), 0)
	if p := sam.AsProblem(err); p == nil || p.Class != sam.ClassConfiguration || p.Code != "QueueNotFound" || p.RequestID == "" {
		t.Errorf("missing queue: %v", err)
	}
	stranger := open(t, strings.Replace(account, azurite.AccountKey, aKey, 1))
	err = stranger.Ensure(t.Context())
	if p := sam.AsProblem(err); p == nil || p.Class != sam.ClassConfiguration || p.Status != 403 {
		t.Errorf("wrong key: %v", err)
	}
	if strings.Contains(fmt.Sprintf("%+v", err), aKey) {
		t.Error("the error tells the key:", err)
	}
}

// accountSAS signs a shared access signature for all services, after "Create an
// account SAS" in the Azure Storage REST documentation.
func accountSAS(t *testing.T, account string) string {
	t.Helper()
	const permissions, services, resources, version = "rwdlacup", "bqt", "sco", "2019-12-12"
	expiry := time.Now().UTC().Add(time.Hour).Format(time.RFC3339)
	key, err := base64.StdEncoding.DecodeString(azurite.AccountKey)
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s\n%s\n%s\n%s\n\n%s\n\n\n%s\n", account, permissions, services, resources, expiry, version)
	return url.Values{
		"sp": {permissions}, "ss": {services}, "srt": {resources}, "se": {expiry}, "sv": {version},
		"sig": {base64.StdEncoding.EncodeToString(mac.Sum(nil))},
	}.Encode()
}

func TestSharedAccessSignatureOpensAllServices(t *testing.T) {
	t.Parallel()
	a := azurite.ForTest(t)
	sas := accountSAS(t, a.Account())
	c := open(t, fmt.Sprintf("BlobEndpoint=%s;QueueEndpoint=%s;TableEndpoint=%s;SharedAccessSignature=%s", a.BlobURL(), a.QueueURL(), a.TableURL(), sas))
	if err := c.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := c.Send(t.Context(), storage.QueueFindings, []byte("x"), 0); err != nil {
		t.Error(err)
	}
	if _, err := c.Table(storage.TableRuns).AddEntity(t.Context(), []byte(`{"PartitionKey":"p","RowKey":"r"}`), nil); err != nil {
		t.Error(err)
	}
	if _, err := c.Table(storage.TableRuns).SubmitTransaction(t.Context(), []aztables.TransactionAction{
		{ActionType: aztables.TransactionTypeAdd, Entity: []byte(`{"PartitionKey":"p","RowKey":"s"}`)},
	}, nil); err != nil {
		t.Error(err)
	}
	if _, err := c.Container(storage.ContainerResults).NewBlockBlobClient("b").UploadBuffer(t.Context(), []byte("x"), nil); err != nil {
		t.Error(err)
	}
}

// credential is a token credential with a fixed answer.
type credential struct{ err error }

func (c credential) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: "a-token", ExpiresOn: time.Now().Add(time.Hour)}, c.err
}

func TestConfigurations(t *testing.T) {
	t.Parallel()
	good := storage.AccountURLs("acct", "core.windows.net", credential{})
	if good.BlobURL != "https://acct.blob.core.windows.net" || good.TableURL != "https://acct.table.core.windows.net" {
		t.Errorf("URLs of an account: %+v", good)
	}
	insecure, partial, both, none := good, good, good, good
	insecure.QueueURL = "http://acct.queue.core.windows.net"
	partial.TableURL = ""
	both.ConnectionString = "UseDevelopmentStorage=true"
	none.Credential = nil
	for name, row := range map[string]struct {
		config storage.Config
		good   bool
		names  string // what a fault must name
	}{
		"identity":                        {good, true, ""},
		"development storage":             {storage.Config{ConnectionString: "UseDevelopmentStorage=true"}, true, ""},
		"tokens over http":                {insecure, false, "queue service"},
		"a service is missing":            {partial, false, "table service"},
		"connection string and identity":  {both, false, "exclude"},
		"URLs without credential":         {none, false, "credential"},
		"nothing":                         {storage.Config{}, false, "credential"},
		"a connection string of no sense": {storage.Config{ConnectionString: "x"}, false, "connection string"},
	} {
		_, err := storage.New(row.config)
		if (err == nil) != row.good || err != nil && !strings.Contains(err.Error(), row.names) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}
