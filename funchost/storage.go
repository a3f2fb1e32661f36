package funchost

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue/v2"

	"github.com/samkeeper/samkeeper/funchost/script"
	"github.com/samkeeper/samkeeper/funchost/timer"
)

// hostStorage is the connection of the host's own blobs.
const hostStorage = "AzureWebJobsStorage"

// developmentStorage is what UseDevelopmentStorage=true stands for: the
// emulator's public account on its usual ports.
const developmentStorage = "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;" +
	"AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;" +
	"BlobEndpoint=http://127.0.0.1:10000/devstoreaccount1;QueueEndpoint=http://127.0.0.1:10001/devstoreaccount1;" +
	"TableEndpoint=http://127.0.0.1:10002/devstoreaccount1;"

// storage finds and keeps the clients of the connections that bindings name.
type storage struct {
	settings script.Settings
	http     *http.Client

	mu     sync.Mutex
	queues map[string]*azqueue.ServiceClient
}

func newStorage(settings script.Settings) *storage {
	return &storage{
		settings: settings, queues: map[string]*azqueue.ServiceClient{},
		http: &http.Client{Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: 64, IdleConnTimeout: time.Minute}},
	}
}

// connectionString resolves a connection as the host does: AzureWebJobs<name>
// first, then <name>, each also under ConnectionStrings. Identity-based
// settings are refused.
func (s *storage) connectionString(name string) (string, error) {
	for _, candidate := range []string{"AzureWebJobs" + name, name} {
		for _, key := range []string{candidate, "ConnectionStrings__" + candidate, "ConnectionStrings:" + candidate} {
			if value, ok := s.settings.Get(key); ok && value != "" {
				return expandDevelopment(value), nil
			}
		}
	}
	for _, suffix := range []string{"__accountName", "__queueServiceUri", "__blobServiceUri", "__serviceUri"} {
		if _, ok := s.settings.Get(name + suffix); ok {
			return "", fmt.Errorf("connection %s is identity-based (%s%s): this host supports connection strings only", name, name, suffix)
		}
	}
	return "", fmt.Errorf("connection %s: no connection string is set under this name", name)
}

func expandDevelopment(value string) string {
	compact := strings.ToLower(strings.TrimSuffix(strings.ReplaceAll(value, " ", ""), ";"))
	if compact == "usedevelopmentstorage=true" {
		return developmentStorage
	}
	return value
}

func (s *storage) options() azcore.ClientOptions {
	return azcore.ClientOptions{Transport: s.http, Retry: policy.RetryOptions{MaxRetries: 2, TryTimeout: 30 * time.Second}}
}

// queueService is the client of a connection, made once.
func (s *storage) queueService(connection string) (*azqueue.ServiceClient, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if client := s.queues[strings.ToLower(connection)]; client != nil {
		return client, nil
	}
	text, err := s.connectionString(connection)
	if err != nil {
		return nil, err
	}
	client, err := azqueue.NewServiceClientFromConnectionString(text, &azqueue.ClientOptions{ClientOptions: s.options()})
	if err != nil {
		return nil, fmt.Errorf("connection %s: the connection string is not usable", connection) // the cause may quote the key
	}
	s.queues[strings.ToLower(connection)] = client
	return client, nil
}

// hosts is the container of the host's own blobs, made when missing.
func (s *storage) hosts(ctx context.Context) (*container.Client, error) {
	text, err := s.connectionString(hostStorage)
	if err != nil {
		return nil, err
	}
	client, err := container.NewClientFromConnectionString(text, timer.Container, &container.ClientOptions{ClientOptions: s.options()})
	if err != nil {
		return nil, fmt.Errorf("connection %s: the connection string is not usable", hostStorage)
	}
	if _, err := client.Create(ctx, nil); err != nil && !bloberror.HasCode(err, bloberror.ContainerAlreadyExists) {
		return nil, fmt.Errorf("creating container %s: %w", timer.Container, err)
	}
	return client, nil
}
