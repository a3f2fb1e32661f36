package storage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/samkeeper/samkeeper/sim/blob"
	"github.com/samkeeper/samkeeper/sim/queue"
	"github.com/samkeeper/samkeeper/sim/sharedkey"
	"github.com/samkeeper/samkeeper/sim/table"
)

// Service is one of the three.
type Service int

// The services.
const (
	Blob Service = iota
	Queue
	Table
	services
)

var serviceNames = [services]string{"blob", "queue", "table"}

// String is the service's name.
func (s Service) String() string { return serviceNames[s] }

// Options says what to start; the zero value is a good account.
type Options struct {
	Seed   uint64 // of the faults
	Faults Faults // at the start
	// Stored is told of every blob that was put, see blob.Config.
	Stored func(container, name string, metadata map[string]string)
}

// Server is the account. It is safe for concurrent use.
type Server struct {
	plan    *plan
	offsets [services]atomic.Int64 // nanoseconds ahead of the wall clock
	urls    [services]string       // without the account
	servers [services]*http.Server
	serving sync.WaitGroup

	countMu  sync.Mutex
	requests map[string]int64
}

// Start serves the account on free loopback ports; the context bounds the
// start only. Stop must be called.
func Start(ctx context.Context, options Options) (_ *Server, err error) {
	s := &Server{plan: newPlan(options.Seed), requests: map[string]int64{}}
	s.SetFaults(options.Faults)
	defer func() {
		if err != nil {
			s.Stop()
		}
	}()
	handlers, err := s.services(options)
	if err != nil {
		return nil, fmt.Errorf("storage account: %w", err)
	}
	for service, handler := range handlers {
		if err := s.listen(ctx, Service(service), handler); err != nil {
			return nil, fmt.Errorf("storage account: %w", err)
		}
	}
	return s, nil
}

func (s *Server) services(options Options) ([services]http.Handler, error) {
	blobs, errBlob := blob.New(blob.Config{Key: sharedkey.EmulatorKey, Now: s.clock(Blob), Stored: options.Stored})
	queues, errQueue := queue.New(queue.Options{Key: sharedkey.EmulatorKey, Now: s.clock(Queue), Fate: s.plan.message})
	tables, errTable := table.New(table.Config{Key: sharedkey.EmulatorKey, Now: s.clock(Table)})
	return [services]http.Handler{blobs, queues, tables}, errors.Join(errBlob, errQueue, errTable)
}

func (s *Server) listen(ctx context.Context, service Service, handler http.Handler) error {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen for the %s service: %w", service, err)
	}
	s.urls[service] = "http://" + listener.Addr().String()
	s.servers[service] = &http.Server{
		Handler: s.faulty(service, handler), ReadHeaderTimeout: 10 * time.Second,
		ErrorLog: log.New(io.Discard, "", 0), // clients that were killed cut their connections
	}
	s.serving.Go(func() { _ = s.servers[service].Serve(listener) }) // ErrServerClosed after Stop
	return nil
}

// Stop ends everything; what was stored is gone. It may be called twice.
func (s *Server) Stop() {
	for _, server := range s.servers {
		if server != nil {
			_ = server.Close() // nothing is left to lose
		}
	}
	s.serving.Wait()
}

// clock is a service's clock.
func (s *Server) clock(service Service) func() time.Time {
	return func() time.Time { return time.Now().Add(time.Duration(s.offsets[service].Load())) }
}

// Advance moves a service's clock forward: hidden messages come up, leases run
// out. A negative d is ignored.
func (s *Server) Advance(service Service, d time.Duration) {
	if d > 0 {
		s.offsets[service].Add(int64(d))
	}
}

// SetFaults turns the dials.
func (s *Server) SetFaults(f Faults) { s.plan.faults.Store(&f) }

// Mishaps tells what the faults have done so far.
func (s *Server) Mishaps() Mishaps { return s.plan.mishaps() }

// Requests counts the requests so far by kind: service, method and what it was
// about, such as "table PUT Outcomes".
func (s *Server) Requests() map[string]int64 {
	s.countMu.Lock()
	defer s.countMu.Unlock()
	counts := make(map[string]int64, len(s.requests))
	for kind, n := range s.requests {
		counts[kind] = n
	}
	return counts
}

// URL is a service's endpoint for an account, without a trailing slash.
func (s *Server) URL(service Service, account string) string {
	return s.urls[service] + "/" + account
}

// ConnectionString opens the emulator's account, devstoreaccount1.
func (s *Server) ConnectionString() string { return s.Account(sharedkey.EmulatorAccount) }

// Account is the connection string of an account by any name; each is a world
// of its own.
func (s *Server) Account(name string) string {
	return fmt.Sprintf("DefaultEndpointsProtocol=http;AccountName=%s;AccountKey=%s;BlobEndpoint=%s;QueueEndpoint=%s;TableEndpoint=%s;",
		name, sharedkey.EmulatorKey, s.URL(Blob, name), s.URL(Queue, name), s.URL(Table, name))
}
