package reach

import (
	"fmt"
	"net/http"

	"github.com/samkeeper/samkeeper/internal/config"
	"github.com/samkeeper/samkeeper/internal/storage"
)

// Storage reaches the account the way the Functions host does: by connection
// string, or with an identity at its three addresses.
func Storage(cfg config.Config, client *http.Client) (*storage.Clients, error) {
	c := storage.Config{HTTP: client}
	if s := cfg.Storage; !s.ConnectionString.Empty() {
		c.ConnectionString = s.ConnectionString.Reveal()
	} else {
		cred, err := Identity(cfg, s.IdentityClient, client)
		if err != nil {
			return nil, fmt.Errorf("identity for storage: %w", err)
		}
		c.BlobURL, c.QueueURL, c.TableURL, c.Credential = s.BlobURL, s.QueueURL, s.TableURL, cred
	}
	clients, err := storage.New(c)
	if err != nil {
		return nil, config.Fault{Setting: "AzureWebJobsStorage", Plain: "does not work (" + err.Error() + ")", Fix: "copy the connection string again, or use the identity-based settings"}
	}
	return clients, nil
}
