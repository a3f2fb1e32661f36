package blob_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/lease"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"

	"github.com/samkeeper/samkeeper/localworld/azurite"
	"github.com/samkeeper/samkeeper/sim/simtest"
)

func TestMain(m *testing.M) {
	code := m.Run()
	azurite.StopShared()
	os.Exit(code)
}

// both are the services that must behave alike.
var both = map[string]func(t *testing.T) string{
	"azurite": func(t *testing.T) string { t.Helper(); return azurite.ForTest(t).ConnectionString() },
	"ours":    func(t *testing.T) string { t.Helper(); return simtest.Storage(t).ConnectionString() },
}

// onBoth runs a test with Microsoft's client against both services.
func onBoth(t *testing.T, test func(t *testing.T, box *container.Client)) {
	t.Helper()
	t.Parallel()
	for name, open := range both {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all, err := service.NewClientFromConnectionString(open(t), &service.ClientOptions{
				ClientOptions: azcore.ClientOptions{Retry: policy.RetryOptions{MaxRetries: -1}},
			})
			if err != nil {
				t.Fatal(err)
			}
			test(t, all.NewContainerClient("box"))
		})
	}
}

func created(t *testing.T, box *container.Client) {
	t.Helper()
	if _, err := box.Create(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
}

func outcome(err error) string {
	var answer *azcore.ResponseError
	switch {
	case err == nil:
		return "ok"
	case errors.As(err, &answer):
		return fmt.Sprint(answer.StatusCode, " ", answer.ErrorCode)
	}
	return "no answer: " + err.Error()
}

func want(t *testing.T, what string, err error, expected string) {
	t.Helper()
	if have := outcome(err); have != expected {
		t.Errorf("%s: %s, want %s", what, have, expected)
	}
}

// put writes a blob; match and none are the conditions, holder the lease, each
// when it is not empty.
func put(t *testing.T, box *container.Client, name, text, match, none, holder string) (azcore.ETag, error) {
	t.Helper()
	when := &blob.AccessConditions{ModifiedAccessConditions: &blob.ModifiedAccessConditions{}, LeaseAccessConditions: &blob.LeaseAccessConditions{}}
	if match != "" {
		when.ModifiedAccessConditions.IfMatch = new(azcore.ETag(match))
	}
	if none != "" {
		when.ModifiedAccessConditions.IfNoneMatch = new(azcore.ETag(none))
	}
	if holder != "" {
		when.LeaseAccessConditions.LeaseID = &holder
	}
	done, err := box.NewBlockBlobClient(name).UploadBuffer(t.Context(), []byte(text), &blockblob.UploadBufferOptions{
		AccessConditions: when, HTTPHeaders: &blob.HTTPHeaders{BlobContentType: new("text/plain")}, Metadata: map[string]*string{"run": new("r1")},
	})
	if err != nil {
		return "", err
	}
	return *done.ETag, nil
}

func TestContainers(t *testing.T) {
	onBoth(t, func(t *testing.T, box *container.Client) {
		t.Helper()
		_, err := put(t, box, "a", "x", "", "", "")
		want(t, "a blob without a container", err, "404 ContainerNotFound")
		_, err = box.GetProperties(t.Context(), nil)
		want(t, "what is not there", err, "404 ContainerNotFound")
		_, err = box.Create(t.Context(), nil)
		want(t, "create", err, "ok")
		_, err = box.Create(t.Context(), nil)
		want(t, "create again", err, "409 ContainerAlreadyExists")
		_, err = box.GetProperties(t.Context(), nil)
		want(t, "what is there", err, "ok")
	})
}

func TestUnmodifiedSince(t *testing.T) {
	onBoth(t, func(t *testing.T, box *container.Client) {
		t.Helper()
		created(t, box)
		client := box.NewBlockBlobClient("a")
		over := func(what string, since time.Duration, expected string) {
			_, err := client.UploadBuffer(t.Context(), []byte("x"), &blockblob.UploadBufferOptions{AccessConditions: &blob.AccessConditions{
				ModifiedAccessConditions: &blob.ModifiedAccessConditions{IfUnmodifiedSince: new(time.Now().Add(since))},
			}})
			want(t, what, err, expected)
		}
		over("nothing there", -time.Hour, "ok")
		over("a younger blob", -time.Hour, "412 ConditionNotMet")
		over("an older blob", time.Hour, "ok")
		for what, row := range map[string]struct {
			since    time.Duration
			expected string
		}{"read what is younger": {-time.Hour, "412 ConditionNotMet"}, "read what is older": {time.Hour, "ok"}} {
			_, err := client.DownloadStream(t.Context(), &blob.DownloadStreamOptions{AccessConditions: &blob.AccessConditions{
				ModifiedAccessConditions: &blob.ModifiedAccessConditions{IfUnmodifiedSince: new(time.Now().Add(row.since))},
			}})
			want(t, what, err, row.expected)
		}
	})
}

func TestBlobs(t *testing.T) {
	onBoth(t, func(t *testing.T, box *container.Client) {
		t.Helper()
		created(t, box)
		client := box.NewBlockBlobClient("a/b c.json.gz")
		_, err := client.DownloadStream(t.Context(), nil)
		want(t, "read before", err, "404 BlobNotFound")
		_, err = put(t, box, "a/b c.json.gz", "one", "*", "", "")
		want(t, "over nothing", err, "412 ConditionNotMet")
		first, err := put(t, box, "a/b c.json.gz", "one", "", "*", "")
		want(t, "a new one", err, "ok")
		_, err = put(t, box, "a/b c.json.gz", "two", "", "*", "")
		want(t, "a new one again", err, "409 BlobAlreadyExists")
		second, err := put(t, box, "a/b c.json.gz", "two", string(first), "", "")
		want(t, "over the version that was read", err, "ok")
		_, err = put(t, box, "a/b c.json.gz", "three", string(first), "", "")
		want(t, "over an old version", err, "412 ConditionNotMet")
		read, err := client.DownloadStream(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(read.Body)
		if err != nil || string(text) != "two" || *read.ContentType != "text/plain" || *read.ETag != second || len(read.Metadata) != 1 {
			t.Errorf("read %q, %v, %s, %s, metadata %v", text, err, *read.ContentType, *read.ETag, read.Metadata)
		}
		have, err := client.GetProperties(t.Context(), nil)
		if err != nil || *have.ContentLength != 3 || *have.LeaseState != lease.StateTypeAvailable || *have.ETag != second {
			t.Errorf("properties %+v, %v", have, err)
		}
		_, err = client.Delete(t.Context(), nil)
		want(t, "delete", err, "ok")
		_, err = client.Delete(t.Context(), nil)
		want(t, "delete again", err, "404 BlobNotFound")
		_, err = client.GetProperties(t.Context(), nil)
		want(t, "properties of nothing", err, "404 BlobNotFound")
	})
}

func TestListing(t *testing.T) {
	onBoth(t, func(t *testing.T, box *container.Client) {
		t.Helper()
		created(t, box)
		for _, name := range []string{"b/2", "a/1", "b/1", "c & d", "b/3"} {
			if _, err := put(t, box, name, name, "", "", ""); err != nil {
				t.Fatal(err)
			}
		}
		for _, tc := range []struct {
			prefix string
			most   int32
			want   string
			pages  int
		}{
			{"", 5000, "a/1|b/1|b/2|b/3|c & d", 1},
			{"b/", 2, "b/1|b/2|b/3", 2},
			{"none", 5000, "", 1},
		} {
			var names []string
			pages := 0
			pager := box.NewListBlobsFlatPager(&container.ListBlobsFlatOptions{Prefix: &tc.prefix, MaxResults: &tc.most})
			for ; pager.More(); pages++ {
				page, err := pager.NextPage(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				for _, b := range page.Segment.BlobItems {
					names = append(names, *b.Name)
					if int(*b.Properties.ContentLength) != len(*b.Name) || b.Properties.ETag == nil || b.Properties.LastModified == nil {
						t.Errorf("%s: %+v", *b.Name, b.Properties)
					}
				}
			}
			if strings.Join(names, "|") != tc.want || pages != tc.pages {
				t.Errorf("%q: %q in %d pages, want %q in %d", tc.prefix, names, pages, tc.want, tc.pages)
			}
		}
	})
}

// TestLeases is the table of outcomes, as far as it needs no clock.
func TestLeases(t *testing.T) {
	const mine, other = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
	onBoth(t, func(t *testing.T, box *container.Client) {
		t.Helper()
		created(t, box)
		as := func(id string) *lease.BlobClient {
			client, err := lease.NewBlobClient(box.NewBlobClient("lock"), &lease.BlobClientOptions{LeaseID: &id})
			if err != nil {
				t.Fatal(err)
			}
			return client
		}
		acquire := func(id string, seconds int32) error {
			_, err := as(id).AcquireLease(t.Context(), seconds, nil)
			return err
		}
		renew := func(id string) error { _, err := as(id).RenewLease(t.Context(), nil); return err }
		release := func(id string) error { _, err := as(id).ReleaseLease(t.Context(), nil); return err }
		breakIt := func(seconds int32) error {
			_, err := as(mine).BreakLease(t.Context(), &lease.BlobBreakOptions{BreakPeriod: &seconds})
			return err
		}
		write := func(id string) error { _, err := put(t, box, "lock", "", "", "", id); return err }

		want(t, "acquire nothing", acquire(mine, 15), "404 BlobNotFound")
		want(t, "write", write(""), "ok")
		want(t, "write under a lease that is not there", write(mine), "412 LeaseNotPresentWithBlobOperation")
		want(t, "break what is free", breakIt(0), "409 LeaseNotPresentWithLeaseOperation")
		want(t, "renew what is free", renew(mine), "409 LeaseIdMismatchWithLeaseOperation")
		want(t, "release what is free", release(mine), "409 LeaseIdMismatchWithLeaseOperation")
		want(t, "14 seconds", acquire(mine, 14), "400 InvalidHeaderValue")
		want(t, "61 seconds", acquire(mine, 61), "400 InvalidHeaderValue")
		want(t, "acquire", acquire(mine, 60), "ok")
		want(t, "acquire again by the same id", acquire(mine, 15), "ok")
		want(t, "acquire what is held", acquire(other, 15), "409 LeaseAlreadyPresent")
		want(t, "renew as another", renew(other), "409 LeaseIdMismatchWithLeaseOperation")
		want(t, "release as another", release(other), "409 LeaseIdMismatchWithLeaseOperation")
		want(t, "write without the lease", write(""), "412 LeaseIdMissing")
		want(t, "write with another's", write(other), "412 LeaseIdMismatchWithBlobOperation")
		want(t, "write with it", write(mine), "ok")
		want(t, "renew", renew(mine), "ok")
		want(t, "release", release(mine), "ok")
		want(t, "renew what was released", renew(mine), "409 LeaseIdMismatchWithLeaseOperation")
		want(t, "acquire by another", acquire(other, -1), "ok")
		want(t, "break it", breakIt(0), "ok")
		want(t, "renew what is broken", renew(other), "409 LeaseIsBrokenAndCannotBeRenewed")
		want(t, "acquire what is broken", acquire(mine, 30), "ok")
		want(t, "break it slowly", breakIt(20), "ok")
		want(t, "renew what is breaking", renew(mine), "409 LeaseIsBrokenAndCannotBeRenewed")
		want(t, "acquire what is breaking", acquire(other, 30), "409 LeaseAlreadyPresent")
		want(t, "acquire one's own that is breaking", acquire(mine, 30), "409 LeaseIsBreakingAndCannotBeAcquired")
		want(t, "release what is breaking", release(mine), "ok")
		want(t, "acquire for the end", acquire(mine, 15), "ok")
		_, err := box.NewBlobClient("lock").Delete(t.Context(), nil)
		want(t, "delete without the lease", err, "412 LeaseIdMissing")
	})
}

func TestContainersOfAnAccount(t *testing.T) {
	t.Parallel()
	for name, open := range both {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all, err := service.NewClientFromConnectionString(open(t), nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"beta", "alpha"} {
				if _, err := all.CreateContainer(t.Context(), name, nil); err != nil {
					t.Fatal(err)
				}
			}
			page, err := all.NewListContainersPager(nil).NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, c := range page.ContainerItems {
				names = append(names, *c.Name)
			}
			if !slices.Equal(names, []string{"alpha", "beta"}) {
				t.Errorf("containers %q", names)
			}
		})
	}
}
