package storage_test

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/samkeeper/samkeeper/internal/storage"
)

// aKey is base64, as account keys are.
const aKey = "c2VjcmV0LWtleS1vZi10aGUtYWNjb3VudA=="

// urls is an account as text, for comparing.
func urls(a storage.Account) string {
	return fmt.Sprintf("%s %s %s %s", a.Name, a.BlobURL, a.QueueURL, a.TableURL)
}

func TestConnectionStrings(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ in, want string }{
		"from the portal": {
			"DefaultEndpointsProtocol=https;AccountName=acct;AccountKey=" + aKey + ";EndpointSuffix=core.windows.net",
			"acct https://acct.blob.core.windows.net https://acct.queue.core.windows.net https://acct.table.core.windows.net",
		},
		"another cloud": {
			"AccountName=acct;AccountKey=" + aKey + ";EndpointSuffix=core.chinacloudapi.cn;",
			"acct https://acct.blob.core.chinacloudapi.cn https://acct.queue.core.chinacloudapi.cn https://acct.table.core.chinacloudapi.cn",
		},
		"names in any case, spaces, a new line": {
			" accountname = acct ; ACCOUNTKEY = " + aKey + " ;\n",
			"acct https://acct.blob.core.windows.net https://acct.queue.core.windows.net https://acct.table.core.windows.net",
		},
		"explicit endpoints": {
			"AccountName=a;AccountKey=" + aKey + ";BlobEndpoint=http://127.0.0.1:1/a/;QueueEndpoint=http://127.0.0.1:2/a;TableEndpoint=https://t.example/a",
			"a http://127.0.0.1:1/a http://127.0.0.1:2/a https://t.example/a",
		},
		"one explicit endpoint": {
			"AccountName=a;AccountKey=" + aKey + ";QueueEndpoint=https://q.example",
			"a https://a.blob.core.windows.net https://q.example https://a.table.core.windows.net",
		},
		"the emulator": {
			"UseDevelopmentStorage=true",
			"devstoreaccount1 http://127.0.0.1:10000/devstoreaccount1 http://127.0.0.1:10001/devstoreaccount1 http://127.0.0.1:10002/devstoreaccount1",
		},
		"the emulator elsewhere": {
			"UseDevelopmentStorage=True;DevelopmentStorageProxyUri=http://storage.local/",
			"devstoreaccount1 http://storage.local:10000/devstoreaccount1 http://storage.local:10001/devstoreaccount1 http://storage.local:10002/devstoreaccount1",
		},
		"a shared access signature": {
			"BlobEndpoint=https://b.example;QueueEndpoint=https://q.example/;TableEndpoint=https://t.example;SharedAccessSignature=?sv=2020&sig=a%3D",
			" https://b.example https://q.example https://t.example",
		},
	} {
		a, err := storage.ParseConnectionString(row.in)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if have := urls(a); have != row.want {
			t.Errorf("%s:\nhave %s\nwant %s", name, have, row.want)
		}
	}
}

func TestBadConnectionStrings(t *testing.T) {
	t.Parallel()
	for name, in := range map[string]string{
		"empty":                "",
		"only separators":      " ; ;",
		"no equals sign":       "AccountName",
		"no name":              "=acct;AccountKey=" + aKey,
		"no key":               "AccountName=acct",
		"no account":           "AccountKey=" + aKey,
		"key and signature":    "AccountName=a;AccountKey=" + aKey + ";SharedAccessSignature=sig=a",
		"key is not base64":    "AccountName=a;AccountKey=" + aKey + "!",
		"given twice":          "AccountName=a;accountname=b;AccountKey=" + aKey,
		"endpoint of no kind":  "AccountName=a;AccountKey=" + aKey + ";BlobEndpoint=a.blob.core.windows.net",
		"endpoint with query":  "AccountName=a;AccountKey=" + aKey + ";BlobEndpoint=https://b.example/?sig=x",
		"strange protocol":     "DefaultEndpointsProtocol=ftp;AccountName=a;AccountKey=" + aKey,
		"account with a slash": "AccountName=a/b;AccountKey=" + aKey,
		"signature, no place":  "SharedAccessSignature=sig=a;BlobEndpoint=https://b.example",
		"broken signature":     "AccountName=a;SharedAccessSignature=sig=%zz",
		"broken proxy":         "UseDevelopmentStorage=true;DevelopmentStorageProxyUri=storage.local",
	} {
		_, err := storage.ParseConnectionString(in)
		if !errors.Is(err, storage.ErrBadConnectionString) {
			t.Errorf("%s: error %v", name, err)
		} else if strings.Contains(err.Error(), aKey) {
			t.Errorf("%s: the error tells the key", name)
		}
	}
}

func TestAccountsDoNotPrintTheirKeys(t *testing.T) {
	t.Parallel()
	for _, in := range []string{"AccountName=a;AccountKey=" + aKey, "AccountName=a;SharedAccessSignature=sig=" + aKey} {
		a, err := storage.ParseConnectionString(in)
		if err != nil {
			t.Fatal(err)
		}
		if printed := fmt.Sprintf("%v %+v %#v", a, a, a); strings.Contains(printed, aKey) {
			t.Error("the account prints what opens it:", printed)
		}
	}
}

func FuzzParseConnectionString(f *testing.F) {
	f.Add("DefaultEndpointsProtocol=https;AccountName=acct;AccountKey=" + aKey + ";EndpointSuffix=core.windows.net")
	f.Add("UseDevelopmentStorage=true;DevelopmentStorageProxyUri=http://h")
	f.Add("BlobEndpoint=https://b;QueueEndpoint=https://q;TableEndpoint=https://t;SharedAccessSignature=sv=1&sig=x")
	f.Add("a=b;;=;x")
	f.Fuzz(func(t *testing.T, in string) {
		a, err := storage.ParseConnectionString(in)
		if err != nil {
			if !errors.Is(err, storage.ErrBadConnectionString) {
				t.Fatalf("error %v", err)
			}
			return
		}
		for _, endpoint := range []string{a.BlobURL, a.QueueURL, a.TableURL} {
			u, err := url.Parse(endpoint)
			if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || strings.HasSuffix(endpoint, "/") {
				t.Errorf("endpoint %q, %v", endpoint, err)
			}
		}
		if a.Key.Empty() == a.SAS.Empty() || !a.Key.Empty() && a.Name == "" {
			t.Errorf("nothing, or too much, opens %q", in)
		}
		if _, err := storage.New(storage.Config{ConnectionString: in}); err != nil {
			t.Errorf("parsed, but no clients: %v", err)
		}
	})
}
