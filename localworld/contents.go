package localworld

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue/v2"
)

// Contents reads every table row, queue message and blob of a storage account
// and hands each to visit with the place it was found. Messages are taken from
// their queues and shown again; base64 is decoded.
func Contents(ctx context.Context, connection string, visit func(where string, data []byte)) error {
	for _, read := range []func(context.Context, string, func(string, []byte)) error{ReadTables, readQueues, readBlobs} {
		if err := read(ctx, connection, visit); err != nil {
			return err
		}
	}
	return nil
}

// ReadTables is Contents for the tables alone; it takes nothing from a queue.
func ReadTables(ctx context.Context, connection string, visit func(string, []byte)) error {
	service, err := aztables.NewServiceClientFromConnectionString(connection, nil)
	if err != nil {
		return fmt.Errorf("reading the tables: %w", err)
	}
	tables := service.NewListTablesPager(nil)
	for tables.More() {
		page, err := tables.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("listing the tables: %w", err)
		}
		for _, t := range page.Tables {
			if err := readTable(ctx, service.NewClient(*t.Name), *t.Name, visit); err != nil {
				return err
			}
		}
	}
	return nil
}

func readTable(ctx context.Context, client *aztables.Client, name string, visit func(string, []byte)) error {
	rows := client.NewListEntitiesPager(nil)
	for rows.More() {
		page, err := rows.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("reading table %s: %w", name, err)
		}
		for _, row := range page.Entities {
			visit("table "+name, row)
		}
	}
	return nil
}

func readQueues(ctx context.Context, connection string, visit func(string, []byte)) error {
	service, err := azqueue.NewServiceClientFromConnectionString(connection, nil)
	if err != nil {
		return fmt.Errorf("reading the queues: %w", err)
	}
	queues := service.NewListQueuesPager(nil)
	for queues.More() {
		page, err := queues.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("listing the queues: %w", err)
		}
		for _, q := range page.Queues {
			if err := readQueue(ctx, service.NewQueueClient(*q.Name), *q.Name, visit); err != nil {
				return err
			}
		}
	}
	return nil
}

// decoded is the message itself where the text is base64. The encoded form is
// not looked at: the same ids encode to the same bytes in a token's claims.
func decoded(text string) []byte {
	if plain, err := base64.StdEncoding.DecodeString(text); err == nil {
		return plain
	}
	return []byte(text)
}

// readQueue hides each message for a minute while it reads on.
func readQueue(ctx context.Context, client *azqueue.QueueClient, name string, visit func(string, []byte)) error {
	count, hidden := int32(32), int32(60)
	for {
		page, err := client.DequeueMessages(ctx, &azqueue.DequeueMessagesOptions{NumberOfMessages: &count, VisibilityTimeout: &hidden})
		if err != nil {
			return fmt.Errorf("reading queue %s: %w", name, err)
		}
		if len(page.Messages) == 0 {
			return nil
		}
		for _, m := range page.Messages {
			visit("queue "+name, decoded(*m.MessageText))
		}
	}
}

func readBlobs(ctx context.Context, connection string, visit func(string, []byte)) error {
	service, err := azblob.NewClientFromConnectionString(connection, nil)
	if err != nil {
		return fmt.Errorf("reading the blobs: %w", err)
	}
	containers := service.NewListContainersPager(nil)
	for containers.More() {
		page, err := containers.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("listing the containers: %w", err)
		}
		for _, c := range page.ContainerItems {
			if err := readContainer(ctx, service, *c.Name, visit); err != nil {
				return err
			}
		}
	}
	return nil
}

func readContainer(ctx context.Context, service *azblob.Client, name string, visit func(string, []byte)) error {
	blobs := service.NewListBlobsFlatPager(name, nil)
	for blobs.More() {
		page, err := blobs.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("listing container %s: %w", name, err)
		}
		for _, b := range page.Segment.BlobItems {
			if err := readBlob(ctx, service, name, *b.Name, visit); err != nil {
				return err
			}
		}
	}
	return nil
}

func readBlob(ctx context.Context, service *azblob.Client, container, name string, visit func(string, []byte)) error {
	answer, err := service.DownloadStream(ctx, container, name, nil)
	if err != nil {
		return fmt.Errorf("reading blob %s/%s: %w", container, name, err)
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	if err != nil {
		return fmt.Errorf("reading blob %s/%s: %w", container, name, err)
	}
	where := "blob " + container + "/" + name
	visit(where, data)
	if strings.HasSuffix(name, ".gz") {
		zipped, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			return fmt.Errorf("unpacking %s: %w", where, err)
		}
		plain, err := io.ReadAll(zipped)
		if err != nil {
			return fmt.Errorf("unpacking %s: %w", where, err)
		}
		visit(where+" (unpacked)", plain)
	}
	return nil
}
