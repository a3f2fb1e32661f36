package azurite

import "fmt"

// Azurite is a running emulator seen as one of its storage accounts. It is
// safe for concurrent use.
type Azurite struct {
	process *process
	account string
	urls    serviceURLs
}

// serviceURLs are the addresses the services said they listen on, without a
// trailing slash and without the account.
type serviceURLs struct{ Blob, Queue, Table string }

// Account is the storage account's name.
func (a *Azurite) Account() string { return a.account }

// BlobURL is the blob endpoint with the account, such as
// http://127.0.0.1:40001/devstoreaccount1, without a trailing slash.
func (a *Azurite) BlobURL() string { return a.urls.Blob + "/" + a.account }

// QueueURL is the queue endpoint with the account; see [Azurite.BlobURL].
func (a *Azurite) QueueURL() string { return a.urls.Queue + "/" + a.account }

// TableURL is the table endpoint with the account; see [Azurite.BlobURL].
func (a *Azurite) TableURL() string { return a.urls.Table + "/" + a.account }

// ConnectionString is the value for AzureWebJobsStorage and for the storage
// clients' NewServiceClientFromConnectionString.
func (a *Azurite) ConnectionString() string {
	return fmt.Sprintf("DefaultEndpointsProtocol=http;AccountName=%s;AccountKey=%s;BlobEndpoint=%s;QueueEndpoint=%s;TableEndpoint=%s;",
		a.account, AccountKey, a.BlobURL(), a.QueueURL(), a.TableURL())
}

// PID is the process id of node.
func (a *Azurite) PID() int { return a.process.cmd.Process.Pid }

// Done is closed when node has ended, for whatever reason.
func (a *Azurite) Done() <-chan struct{} { return a.process.done }

// Stop kills the emulator with everything it started, waits for it and drops
// its data. Calling it again does nothing.
func (a *Azurite) Stop() { a.process.stop() }

// withAccount is the same emulator seen as another account.
func (a *Azurite) withAccount(name string) *Azurite {
	return &Azurite{process: a.process, account: name, urls: a.urls}
}
