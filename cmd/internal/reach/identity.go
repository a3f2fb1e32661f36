package reach

import (
	"fmt"
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	azcloud "github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/samkeeper/samkeeper/internal/config"
)

// Identity is what opens vault and storage: the app's managed identity where
// the platform offers one, a developer's own login where it does not. client
// is the client id of a user-assigned identity, "" for the app's own.
func Identity(cfg config.Config, client string, http *http.Client) (azcore.TokenCredential, error) {
	options := azcore.ClientOptions{Transport: http, Cloud: azcloud.Configuration{ActiveDirectoryAuthorityHost: cfg.Cloud.Login}}
	if !cfg.PlatformIdentity {
		cred, err := azidentity.NewDefaultAzureCredential(&azidentity.DefaultAzureCredentialOptions{ClientOptions: options})
		if err != nil {
			return nil, fmt.Errorf("developer login: %w", err)
		}
		return cred, nil
	}
	managed := &azidentity.ManagedIdentityCredentialOptions{ClientOptions: options}
	if client != "" {
		managed.ID = azidentity.ClientID(client)
	}
	cred, err := azidentity.NewManagedIdentityCredential(managed)
	if err != nil {
		return nil, fmt.Errorf("managed identity: %w", err)
	}
	return cred, nil
}
